"""Strided attention: half of the heads see the last few keys, half every stride-th one.

Branch: Attention / Sparse, by position
Paper: Sparse Transformer, Child et al. 2019, section 4, https://arxiv.org/abs/1904.10509
Formula: softmax of q_i k_j^T / sqrt(K), times v, over |i - j| <= stride in the first half of the
  heads, over (i - j) mod stride = 0 in the second
Cost: time O(T (stride + T / stride) D), memory O(T (stride + T / stride))
Causal: yes
Scores: yes
Limit: a stride of 1 makes the second half dense, a stride of T and more the first half

This is the paper's variant with the two patterns in different heads; with a stride near sqrt(T) the
cost is O(T sqrt(T) D), and two layers carry anything anywhere. An encoder looks both ways.
"""

from regard.attention._halves import Columns, Halves
from regard.attention.base import CoreConfig
from regard.attention.window import Windowed
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`stride`: how far the near heads see, and the step of the others; `dropout` drops weights."""

    stride: int = 32
    dropout: Rate = 0.0

    def core(self, width: int) -> "Strided":
        """The mechanism."""
        if self.heads < 2:
            raise UserError("strided: one half of the heads looks near, one far; give 2 or more")
        if self.stride < 1:
            raise UserError("strided: a stride of 1 sees every key; give 1 or more")
        return Strided(self.stride, self.dropout)


class Strided(Halves):
    """A window of the stride on one side, columns of a table as wide as the stride on the other."""

    def __init__(self, stride: int, dropout: float = 0.0):
        super().__init__(Windowed(stride + 1, dropout), Columns(stride, dropout))
        self.stride = stride
