"""Set Transformer (ISAB): learned points read the row, and queries read the points.

Branch: Attention / Memory compression
Paper: Set Transformer, Lee et al. 2019, section 3.1, https://arxiv.org/abs/1810.00825
Formula: h = I + softmax(I k^T / sqrt(K)) v for the points I, y = softmax(q [h A]^T / sqrt(K)) [h B]
Cost: time O(T points D), memory O(T points)
Causal: no, since the points read the whole row
Scores: no

Both halves happen inside each head; norms and feed-forwards of the paper's blocks are the block's.
"""

import torch
from torch import Tensor, nn

from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax, fused
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`points` a head; `dropout` drops weights."""

    points: int = 32
    dropout: Rate = 0.0

    def core(self, width: int) -> "Set":
        """The mechanism."""
        if self.points < 1:
            raise UserError("set: queries read points, so there is 1 or more of them")
        return Set(self.heads, width, self.points, self.dropout)


class Set(Core):
    """Two dense attentions, each over few keys or of few queries."""

    scores = False
    incremental = False

    def __init__(self, heads: int, width: int, points: int, dropout: float = 0.0):
        super().__init__()
        self.dense = Softmax(dropout)
        self.points = nn.Parameter(torch.randn(heads, points, width))
        self.keys = nn.Parameter(torch.randn(heads, width, width) * width**-0.5)
        self.values = nn.Parameter(torch.randn(heads, width, width) * width**-0.5)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        points = self.points.to(k.dtype).expand(len(k), -1, -1, -1)  # B H points K
        read = points + self.dense.attend(points, k, v, scope)
        drop = self.dense.dropout if self.training else 0.0
        return fused(q, read @ self.keys, read @ self.values, dropout_p=drop)
