"""Sines and cosines of many wavelengths, added to the embedding.

Branch: Position / Absolute
Paper: Attention Is All You Need, Vaswani et al. 2017, section 3.5, https://arxiv.org/abs/1706.03762
Formula: x_i + [sin(i base^(-2n / D)), cos(i base^(-2n / D))], n < D/2
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: the product of two positions' vectors depends on their distance only
"""

import torch
from torch import Tensor

from regard.pass_ import Pass
from regard.position.base import Position, PositionConfig


class Config(PositionConfig):
    """`base` sets the longest wavelength, 2 pi base."""

    base: float = 10000.0

    def build(self, dim: int, heads: int) -> "Sinusoidal":
        """The waves for a stream of this width."""
        return Sinusoidal(dim, self.base)


class Sinusoidal(Position):
    """Half of the width holds sines, half cosines, of the same frequencies."""

    frequency: Tensor

    def __init__(self, dim: int, base: float):
        super().__init__()
        half = torch.arange(0, dim, 2, dtype=torch.float64) / dim
        self.register_buffer("frequency", base**-half, persistent=False)

    def add(self, x: Tensor, pass_: Pass, layer: int) -> Tensor:
        """Enter the stream before the first layer."""
        if layer:
            return x
        angle = pass_.pos[..., None] * self.frequency  # B T D/2
        waves = torch.cat([angle.sin(), angle.cos()], -1)[..., : x.size(-1)]
        return x + waves.to(x.dtype)
