"""Rotary positions: queries and keys are turned by an angle that grows with position.

Branch: Position / Other
Paper: RoFormer, Su et al. 2021, section 3, https://arxiv.org/abs/2104.09864
Formula: q_i R_i . k_j R_j; R_i turns pair n of a head by i base^(-2n / K)
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: scores depend on distances only, and a turn keeps lengths

Pairs are (n, n + K/2), as in most code today; the paper's are (2n, 2n + 1), the same but for order.
"""

import torch
from torch import Tensor

from regard.position.base import Position, PositionConfig
from regard.recipe import UserError


class Config(PositionConfig):
    """`base` sets the slowest turn."""

    base: float = 10000.0

    def build(self, dim: int, heads: int) -> "Rotary":
        """The turns for heads of width dim / heads."""
        return Rotary(dim // heads, self.base)


class Rotary(Position):
    """Pairs (i, i + K/2) of a head are turned in their plane."""

    frequency: Tensor

    def __init__(self, width: int, base: float):
        super().__init__()
        if width % 2:
            raise UserError(
                f"rotary: turns pairs, and heads {width} wide are odd; give an even width"
            )
        half = torch.arange(0, width, 2, dtype=torch.float64) / width
        self.register_buffer("frequency", base**-half, persistent=False)

    def turn(self, x: Tensor, pos: Tensor) -> Tensor:
        """Turn x (B H T K) at pos (B T)."""
        angle = pos[:, None, :, None] * self.frequency  # B 1 T K/2
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
