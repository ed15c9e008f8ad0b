"""Linear layers with 8-bit weights, their inputs rounded to 8 bits as they come.

A row w of the weight becomes round(w / s) with s = max|w| / 127, and so does each input row: what a
row gives does not depend on the others of its batch. Products and sums are exact integers. After
Jacob et al. 2018 (https://arxiv.org/abs/1712.05877, section 2), but with symmetric scales.
"""

import torch
from torch import Tensor, nn

from regard.models.seq2seq import Seq2Seq

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

    def __init__(self, weight: Tensor, bias: Tensor | None):
        super().__init__()
        small, scale = rounded(weight.detach().float())
        self.register_buffer("weight", small.T)  # in, out
        self.register_buffer("scale", scale[:, 0])
        self.register_buffer("bias", None if bias is None else bias.detach().float())

    def only(self, rows: Tensor) -> "Int8":
        """The map to some of the outputs."""
        part = object.__new__(Int8)
        nn.Module.__init__(part)
        part.weight, part.scale = self.weight.T[rows].T, self.scale[rows]
        part.bias = None if self.bias is None else self.bias[rows]
        return part

    def forward(self, x: Tensor) -> Tensor:
        """... in -> ... out, float32."""
        small, scale = rounded(x.float().flatten(0, -2))
        y = torch._int_mm(small, self.weight).float().mul_(scale).mul_(self.scale)
        if self.bias is not None:
            y += self.bias
        return y.view(*x.shape[:-1], self.weight.size(1))


def quantised(model: Seq2Seq) -> Seq2Seq:
    """The model with every linear map, and its output layer, in 8 bits; embeddings stay."""
    for part in list(model.modules()):
        for name, child in list(part.named_children()):
            if type(child) is nn.Linear:
                setattr(part, name, Int8(child.weight, child.bias))
    model.__dict__["logits"] = Int8(*model.head)  # in place of the method
    return model.eval()
