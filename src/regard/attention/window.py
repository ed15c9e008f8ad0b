"""Window attention: a query sees the keys nearer than `reach`, and no others.

Branch: Attention / Sparse, by position
Paper: Longformer, Beltagy et al. 2020, section 3.1, https://arxiv.org/abs/2004.05150
Formula: softmax of q_i k_j^T / sqrt(K) over |i - j| < reach, times v
Cost: time O(T reach D), memory O(T reach)
Causal: yes
Scores: yes
Limit: a reach of T and more is dense attention
"""

from torch import Tensor

from regard.attention._blocks import fold, square, unfold, with_rule
from regard.attention.base import CoreConfig
from regard.attention.scope import Causal, Scope, Window
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`reach`: a query sees keys nearer than this on either side; `dropout` drops weights."""

    reach: int = 64
    dropout: Rate = 0.0

    def core(self, width: int) -> "Windowed":
        """The mechanism."""
        if self.reach < 1:
            raise UserError("window: a reach of 1 sees the query itself; give 1 or more")
        return Windowed(self.reach, self.dropout)


class Windowed(Softmax):
    """A row is cut into blocks as wide as the reach; each sees the next on either side.

    A memory is refused: distances to it mean nothing.
    """

    cross = False

    def __init__(self, reach: int, dropout: float = 0.0):
        super().__init__(dropout)
        self.rule = Window(reach)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """By blocks where slots are positions; else (a few new tokens, holes) by the mask."""
        near, size = with_rule(scope, self.rule), self.rule.width
        if not square(q, k, scope) or q.size(2) <= 2 * size:
            return super().attend(q, k, v, near)
        after = 0 if Causal() in scope.rules else 1
        blocks = fold(q, k, v, near, size, before=1, after=after)
        return unfold(super().attend(*blocks), len(q), q.size(2))

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S: the whole matrix, for pictures."""
        if self.rule not in scope.rules:
            scope = with_rule(scope, self.rule)
        return super().weights(q, k, scope)
