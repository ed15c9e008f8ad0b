"""Adaptive attention span: every head learns how far back it looks, and long spans cost a loss.

Branch: Attention / Heads: restricted span
Paper: Adaptive attention span, Sukhbaatar et al. 2019, https://arxiv.org/abs/1905.07799
Formula: weights = m(|i - j|) exp(s_ij) / sum over keys, m(x) = (1 + (z_h - x) / ramp) cut to
  [0, 1], s_ij = q_i k_j^T / sqrt(K); loss = weight * mean of z over heads
Cost: time O(T w D), memory O(T w), where w is the longest span learned so far and the ramp
Causal: yes
Scores: yes
Limit: spans longer than the row are dense attention, a span of 0 with a ramp of 1 is the value

z is kept between 0 and `reach` by a sigmoid, so that it always has a gradient; the paper's code
cuts it off after each step. A memory is refused: distances to it mean nothing.
"""

import math

import torch
from torch import Tensor, nn

from regard.attention._spans import Spans
from regard.attention.base import CoreConfig
from regard.attention.scope import Scope
from regard.recipe import UserError

START = -2.0  # spans begin at an eighth of the reach


class Config(CoreConfig):
    """`reach`: the longest span, in positions; `ramp`: over how many more a head fades out;
    `weight` of the mean span in the loss.
    """

    reach: int = 256
    ramp: int = 32
    weight: float = 2e-6

    def core(self, width: int) -> "AdaptiveSpan":
        """The mechanism."""
        if min(self.reach, self.ramp) < 1 or self.weight < 0:
            raise UserError("adaptive_span: reach and ramp are 1 or more, the weight 0 or more")
        return AdaptiveSpan(self.heads, self.reach, self.ramp, self.weight)


class AdaptiveSpan(Spans):
    """A learned number a head; its blocks are as wide as the longest span is at the moment."""

    def __init__(self, heads: int, reach: int, ramp: int, weight: float):
        super().__init__()
        self.most, self.ramp, self.weight = reach, ramp, weight
        self.span = nn.Parameter(torch.full((heads,), START))

    def spans(self) -> Tensor:
        """z, in positions: H."""
        return self.most * self.span.sigmoid()

    def share(self, far: Tensor) -> Tensor:
        """All of a key inside the span, then less and less along the ramp."""
        left = self.spans()[:, None, None] - far  # B H T S
        return (1 + left / self.ramp).clamp(0, 1)

    def reach(self) -> int:
        """The longest span and its ramp."""
        return math.ceil(float(self.spans().detach().max())) + self.ramp

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """By blocks; the loss goes to the trip."""
        if self.training and scope.trip is not None:
            scope.trip.aux.append(self.weight * self.spans().mean())
        return super().attend(q, k, v, scope)
