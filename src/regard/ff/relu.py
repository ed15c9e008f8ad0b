"""Two linear maps with a ReLU between (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762,
3.3).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.ff.base import FeedForward, FeedForwardConfig
from regard.pass_ import Pass
from regard.recipe import Rate


class Config(FeedForwardConfig):
    """`dropout` acts on the hidden layer."""

    dropout: Rate = 0.0

    def build(self, dim: int) -> "ReLU":
        """The two maps."""
        return ReLU(dim, self.width or 4 * dim, self.dropout)


class ReLU(FeedForward):
    """max(0, x W + b) V + c."""

    def __init__(self, dim: int, width: int, dropout: float):
        super().__init__()
        self.up, self.down = nn.Linear(dim, width), nn.Linear(width, dim)
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        return self.down(self.drop(F.relu(self.up(x))))
