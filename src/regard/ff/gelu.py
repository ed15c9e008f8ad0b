"""Two linear maps with a GELU between (Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415)."""

import torch.nn.functional as F
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.ff.base import FeedForward, FeedForwardConfig
from regard.pass_ import Pass
from regard.recipe import Rate


class Config(FeedForwardConfig):
    """`dropout` acts on the hidden layer."""

    dropout: Rate = 0.0

    def build(self, dim: int) -> "GELU":
        """The two maps."""
        return GELU(dim, self.width or 4 * dim, self.dropout)


class GELU(FeedForward):
    """gelu(x W + b) V + c."""

    def __init__(self, dim: int, width: int, dropout: float):
        super().__init__()
        self.up, self.down = nn.Linear(dim, width), nn.Linear(width, dim)
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        return self.down(self.drop(F.gelu(self.up(x))))
