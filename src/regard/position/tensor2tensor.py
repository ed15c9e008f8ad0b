"""Sines and cosines as tensor2tensor and fairseq write them: M2M-100 and NLLB know no others.

Branch: Position / Absolute
Paper: M2M-100, Fan et al. 2020, https://arxiv.org/abs/2010.11125 (waves of Vaswani et al. 2017)
Formula: x_i + [sin((i + first) base^(-n / (D/2 - 1))), cos(the same)], n < D/2
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: with first 0 it is sinusoidal whose base is base^(D / (D - 2))
"""

import torch
from torch import Tensor

from regard.pass_ import Pass
from regard.position.base import Position, PositionConfig
from regard.recipe import UserError


class Config(PositionConfig):
    """`base` sets the longest wavelength, 2 pi base; `first`: the number of the first position."""

    base: float = 10000.0
    first: int = 2

    def build(self, dim: int, heads: int) -> "Tensor2Tensor":
        """The waves for a stream of this width. Raises UserError if it has no two of them."""
        if dim % 2 or dim < 4:
            raise UserError(f"tensor2tensor: wants an even width of 4 or more, not {dim}")
        return Tensor2Tensor(dim, self.base, self.first)


class Tensor2Tensor(Position):
    """Half of the width holds sines, half cosines; the slowest wave is reached, not missed by one.

    The last half of `sinusoidal` has D/2 frequencies short of 1/base; here 1/base is among them.
    """

    frequency: Tensor

    def __init__(self, dim: int, base: float, first: int):
        super().__init__()
        half = torch.arange(dim // 2, dtype=torch.float64) / (dim // 2 - 1)
        self.first = first
        self.register_buffer("frequency", base**-half, persistent=False)

    def add(self, x: Tensor, pass_: Pass, layer: int) -> Tensor:
        """Enter the stream before the first layer."""
        if layer:
            return x
        angle = (pass_.pos + self.first)[..., None] * self.frequency  # B T D/2
        return x + torch.cat([angle.sin(), angle.cos()], -1).to(x.dtype)
