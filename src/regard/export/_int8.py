"""Linear layers with 8-bit weights, their inputs rounded to 8 bits as they come.

A row w of the weight becomes round(w / s) with s = max|w| / 127, and so does each input row: what a
row gives does not depend on the others of its batch. Products and sums are exact integers. After
Jacob et al. 2018 (https://arxiv.org/abs/1712.05877, section 2), but with symmetric scales.
"""

import torch
from torch import Tensor, nn

LEVELS = 127


def rounded(x: Tensor) -> tuple[Tensor, Tensor]:
    """Integers (..., n) of 8 bits, and the scale (..., 1) that makes them x again."""
    scale = x.abs().amax(-1, keepdim=True).clamp_min_(1e-12).div_(LEVELS)
    return (x / scale).round_().char(), scale


class Int8(nn.Module):
    """x W^T + b with W (out, in) in 8 bits."""

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None):
        super().__init__()
        self.register_buffer("weight", weight)  # out in
        self.register_buffer("scale", scale)  # out
        self.register_buffer("bias", bias)

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None) -> "Int8":
        """Rounded from a map in floating point."""
        small, scale = rounded(weight.detach().float())
        return cls(small, scale[:, 0], None if bias is None else bias.detach().float())

    def only(self, rows: Tensor) -> "Int8":
        """The map to some of the outputs."""
        bias = None if self.bias is None else self.bias[rows]
        return Int8(self.weight[rows], self.scale[rows], bias)

    def forward(self, x: Tensor) -> Tensor:
        """... in -> ... out, float32."""
        small, scale = rounded(x.float().flatten(0, -2))
        y = torch._int_mm(small, self.weight.T).float().mul_(scale).mul_(self.scale)
        if self.bias is not None:
            y += self.bias
        return y.view(*x.shape[:-1], len(self.weight))

    def ready(self) -> "Int8":
        """Nothing to prepare."""
        return self
