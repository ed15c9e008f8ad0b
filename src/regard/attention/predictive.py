"""Scores evolve: those of the layer below flow in, and a convolution carries them on.

Branch: Attention / Prior: lower modules
Paper: Evolving Attention (in the survey Predictive Attention), Wang et al. 2021, section 3,
  https://arxiv.org/abs/2102.12895
Formula: A = below A' + (1 - below) q k^T / sqrt(K); E = convolved relu(conv(A)) +
  (1 - convolved) A; softmax(E) v; A' is the E of the layer below
Cost: time O(T S (D + H^2)), memory O(T S)
Causal: no: the convolution mixes the scores of neighbours, later ones too
Scores: yes
Limit: no layer below and nothing convolved is dense attention

The convolution sees the map of all heads as an image, real tokens side by side whatever padding
lies between. The paper's one-sided convolution for decoders, which would have to keep the scores of
earlier tokens, is left out.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._prior import Prior, with_bias
from regard.attention.base import CoreConfig
from regard.attention.scope import Rule, Scope, masked_softmax
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """The shares that come from `below` and `convolved`, and the `kernel` of the convolution."""

    below: Rate = 0.5
    convolved: Rate = 0.1
    kernel: int = 3

    def core(self, width: int) -> "Predictive":
        """The mechanism."""
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise UserError(
                f"predictive: a kernel of {self.kernel} has no middle; give an odd number"
            )
        return Predictive(self.heads, self.below, self.convolved, self.kernel)


class Predictive(Prior):
    """Hands its scores on through the Pass."""

    incremental = False

    def __init__(self, heads: int, below: float, convolved: float, kernel: int):
        super().__init__()
        self.below, self.convolved = below, convolved
        self.conv = nn.Conv2d(heads, heads, kernel, padding=kernel // 2)

    def honours(self, rule: Rule) -> bool:
        """None: a neighbour's score tells of tokens that a rule may hide."""
        return False

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax of the evolved scores."""
        scores, trip = with_bias(self.score(q, k), q, k, scope), scope.trip
        if trip is not None and trip.scores is not None:
            scores = self.below * trip.scores + (1 - self.below) * scores
        scores = self.convolved * self.evolve(scores, scope) + (1 - self.convolved) * scores
        if trip is not None:
            trip.scores = scores
        return masked_softmax(scores, scope)

    def evolve(self, scores: Tensor, scope: Scope) -> Tensor:
        """B H T S, after the convolution; what is not real is blank like the margins."""
        k_ok = scope.k_ok
        q_ok = scope.trip.ok if scope.trip is not None else k_ok
        for ok, dim in ((q_ok, 2), (k_ok, 3)):
            if ok is not None:
                hidden = ~ok[:, None, :, None] if dim == 2 else ~ok[:, None, None, :]
                scores = moved(scores.masked_fill(hidden, 0.0), real_first(ok), dim)
        scores = F.relu(self.conv(scores))
        for ok, dim in ((q_ok, 2), (k_ok, 3)):
            if ok is not None:
                scores = moved(scores, real_first(ok).argsort(1), dim)
        return scores


def real_first(ok: Tensor) -> Tensor:
    """Slots (B S) in an order that has the real ones, as they come, before all padding."""
    return (~ok).long().argsort(dim=1, stable=True)


def moved(scores: Tensor, order: Tensor, dim: int) -> Tensor:
    """Scores (B H T S) with the slots of a dimension in another order (B slots)."""
    order = order[:, None, :, None] if dim == 2 else order[:, None, None, :]
    return scores.gather(dim, order.expand_as(scores))
