"""Where the norm stands around a part of a block: decided here and nowhere else.

pre: x + f(n(x)) · post: n(x + f(x)) ·
sandwich: x + n'(f(n(x))) (CogView, Ding et al. 2021, https://arxiv.org/abs/2105.13290) ·
rezero: x + a f(x), a starts at 0 (Bachlechner et al. 2020, https://arxiv.org/abs/2003.04887) ·
deepnorm: n(alpha x + f(x)) (Wang et al. 2022, https://arxiv.org/abs/2203.00555).
"""

from typing import Literal

import torch
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.norm.base import NormConfig

Placement = Literal["pre", "post", "sandwich", "rezero", "deepnorm"]


class Residual(nn.Module):
    """`before` the part and `after` it; x is a stream (B T D), ok its padding."""

    def __init__(self, dim: int, place: Placement, norm: NormConfig, dropout: float, depth: int):
        super().__init__()
        self.place, self.drop = place, Dropout(dropout)
        self.norm = norm.build(dim) if place != "rezero" else None
        self.second = norm.build(dim) if place == "sandwich" else None
        # DeepNorm, table 1, for N layers of one stack: alpha = (2N)^(1/4)
        self.alpha = (2 * depth) ** 0.25 if place == "deepnorm" else 1.0
        self.gate = nn.Parameter(torch.zeros(())) if place == "rezero" else None

    def before(self, x: Tensor, ok: Tensor | None) -> Tensor:
        """What the part gets to see."""
        if self.norm is not None and self.place in ("pre", "sandwich"):
            return self.norm(x, ok)
        return x

    def after(self, x: Tensor, y: Tensor, ok: Tensor | None) -> Tensor:
        """The stream x with the part's answer y."""
        if self.second is not None:
            y = self.second(y, ok)
        if self.gate is not None:
            y = self.gate * y
        x = self.alpha * x + self.drop(y) if self.alpha != 1.0 else x + self.drop(y)
        if self.norm is not None and self.place in ("post", "deepnorm"):
            return self.norm(x, ok)
        return x
