"""Queries and keys turned by an angle that grows with position (Su et al. 2021, https://arxiv.org/abs/2104.09864)."""

import torch
from torch import Tensor

from regard.position.base import Position, PositionConfig


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
            raise ValueError(f"rotary turns pairs: a head width of {width} is odd")
        half = torch.arange(0, width, 2, dtype=torch.float64) / width
        self.register_buffer("frequency", base**-half, persistent=False)

    def turn(self, x: Tensor, pos: Tensor) -> Tensor:
        """Turn x (B H T K) at pos (B T)."""
        angle = pos[:, None, :, None] * self.frequency  # B 1 T K/2
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
