"""SwiGLU: a gated hidden layer (Shazeer 2020, https://arxiv.org/abs/2002.05202)."""

import torch.nn.functional as F
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.ff.base import FeedForward, FeedForwardConfig
from regard.pass_ import Pass
from regard.recipe import Rate


class Config(FeedForwardConfig):
    """`dropout` acts on the hidden layer; the default width keeps the size of a plain one."""

    dropout: Rate = 0.0

    def build(self, dim: int) -> "SwiGLU":
        """The three maps; two thirds of the width, as in the paper's section 3."""
        return SwiGLU(dim, self.width or 8 * dim // 3, self.dropout)


class SwiGLU(FeedForward):
    """(swish(x W) * x V) U."""

    def __init__(self, dim: int, width: int, dropout: float):
        super().__init__()
        self.gate, self.up = nn.Linear(dim, width), nn.Linear(dim, width)
        self.down, self.drop = nn.Linear(width, dim), Dropout(dropout)

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        return self.down(self.drop(F.silu(self.gate(x)) * self.up(x)))
