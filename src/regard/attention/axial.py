"""Axial attention: the row is laid out as a grid; half of the heads see their line of it, half
their column.

Branch: Attention / Sparse, by position
Paper: Axial Transformer, Ho et al. 2019, section 3, https://arxiv.org/abs/1912.12180
Formula: softmax of q_i k_j^T / sqrt(K), times v, over i div block = j div block in the first half
  of the heads, over i mod block = j mod block in the second
Cost: time O(T (block + T / block) D), memory O(T (block + T / block))
Causal: yes
Scores: yes
Limit: a block of T and more makes the first half dense, a block of 1 the second half

The paper gives each axis a layer of its own; here they share one, in different heads, and two
layers carry anything anywhere. In a decoder a column sees the lines above (the paper's shifts and
its mixture of an outer and an inner decoder are for images).
"""

from dataclasses import dataclass

from torch import Tensor

from regard.attention._blocks import fold, unfold
from regard.attention._halves import Columns, Halves
from regard.attention._pattern import Pattern
from regard.attention.base import CoreConfig
from regard.attention.scope import Rule, Scope
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`block`: positions in a line of the grid; `dropout` drops weights."""

    block: int = 32
    dropout: Rate = 0.0

    def core(self, width: int) -> "Axial":
        """The mechanism."""
        if self.heads < 2:
            raise UserError("axial: half of the heads see lines, half columns; give 2 or more")
        if self.block < 1:
            raise UserError("axial: a block is a line of the grid; give 1 position or more")
        return Axial(self.block, self.dropout)


@dataclass(frozen=True)
class Line(Rule):
    """Keys in one's own line of a grid `block` wide."""

    block: int

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """The same block of positions, counted from 0."""
        return q_pos // self.block == k_pos // self.block


class Lines(Pattern):
    """Every line of the grid is a short row."""

    def __init__(self, block: int, dropout: float = 0.0):
        super().__init__(dropout)
        self.block = self.least = block

    def rule(self, scope: Scope) -> Rule:
        """One's own line."""
        return Line(self.block)

    def blocks(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """Each block by itself."""
        lines = fold(q, k, v, scope, self.block, before=0, after=0)
        return unfold(self.inner.attend(*lines), len(q), q.size(2))


class Axial(Halves):
    """Lines in one half of the heads, columns in the other."""

    def __init__(self, block: int, dropout: float = 0.0):
        super().__init__(Lines(block, dropout), Columns(block, dropout))
        self.block = block
