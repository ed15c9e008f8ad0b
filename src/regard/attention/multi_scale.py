"""Multi-scale attention: each head sees a window of its own width.

Branch: Attention / Heads: restricted span
Paper: Multi-Scale Transformer, Guo et al. 2020, https://arxiv.org/abs/1912.00544
Formula: softmax of q_i k_j^T / sqrt(K) over |i - j| < reach_h, times v_j
Cost: time O(T w D), memory O(T w), where w is the widest window: narrow heads are masked
Causal: yes
Scores: yes
Limit: windows wider than the row are dense attention, a reach of 1 is the value itself

The widths are settings, the same in every layer; the paper gives lower layers more narrow heads,
and some widths as shares of the row. A memory is refused: distances to it mean nothing.
"""

import torch
from torch import Tensor

from regard.attention._spans import Spans
from regard.attention.base import CoreConfig
from regard.recipe import UserError


class Config(CoreConfig):
    """`reaches`: a query sees keys nearer than this on either side; a number a head, or one for
    each of as many equal groups of heads.
    """

    reaches: tuple[int, ...] = (2, 4, 16, 64)

    def core(self, width: int) -> "MultiScale":
        """The mechanism."""
        some = len(self.reaches)
        if not some or self.heads % some or min(self.reaches) < 1:
            raise UserError(
                f"multi_scale: {some} reaches do not go evenly into {self.heads} heads; give one "
                "for each head, 1 (the query itself) or more"
            )
        each = self.heads // some
        return MultiScale(tuple(reach for reach in self.reaches for _ in range(each)))


class MultiScale(Spans):
    """A hard edge a head."""

    reaches: Tensor

    def __init__(self, reaches: tuple[int, ...]):
        super().__init__()
        self.widest = max(reaches)
        self.register_buffer("reaches", torch.tensor(reaches), persistent=False)  # H

    def share(self, far: Tensor) -> Tensor:
        """All or nothing."""
        return far < self.reaches[:, None, None]

    def reach(self) -> int:
        """The widest window's."""
        return self.widest
