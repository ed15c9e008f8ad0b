"""Global-local attention: a query sees the keys near it and the leading tokens, who see everybody.

Branch: Attention / Sparse, by position
Paper: ETC, Ainslie et al. 2020, section 3, https://arxiv.org/abs/2004.08483
Formula: softmax of q_i k_j^T / sqrt(K), times v, over |i - j| < reach or i < leading or j < leading
Cost: time O(T (reach + leading) D), memory O(T (reach + leading))
Causal: yes
Scores: yes
Limit: a reach of T and more, or as many leading tokens, is dense attention

The global tokens are the first ones of the row itself: the paper's are a row beside it, with
projections and contrastive training of their own. In a decoder they are read by all that follow.
"""

from dataclasses import dataclass

from torch import Tensor

from regard.attention._blocks import fold, with_rule
from regard.attention._pattern import Pattern, with_leading
from regard.attention.base import CoreConfig
from regard.attention.scope import Causal, Rule, Scope
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`reach`: a query sees keys nearer than this; `leading` tokens see and are seen by all;
    `dropout` drops weights.
    """

    reach: int = 64
    leading: int = 4
    dropout: Rate = 0.0

    def core(self, width: int) -> "ETC":
        """The mechanism."""
        if self.reach < 1 or self.leading < 0:
            raise UserError("etc: give a reach of 1 or more and no less than 0 leading tokens")
        return ETC(self.reach, self.leading, self.dropout)


@dataclass(frozen=True)
class NearOrLeading(Rule):
    """Keys nearer than `reach`; the first `leading` positions see and are seen by all."""

    reach: int
    leading: int

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """One of the three."""
        near = (q_pos - k_pos).abs() < self.reach
        return near | (q_pos < self.leading) | (k_pos < self.leading)


class ETC(Pattern):
    """Blocks as wide as the reach, as in `window`; the leading keys stand before each of them."""

    def __init__(self, reach: int, leading: int, dropout: float = 0.0):
        super().__init__(dropout)
        self.reach, self.leading, self.least = reach, leading, 2 * reach + leading

    def rule(self, scope: Scope) -> Rule:
        """Near or leading."""
        return NearOrLeading(self.reach, self.leading)

    def blocks(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The rule goes along into the blocks."""
        after = 0 if Causal() in scope.rules else 1
        near = fold(q, k, v, with_rule(scope, self.rule(scope)), self.reach, 1, after)
        return with_leading(self.inner, q, k, v, scope, near, [], self.leading)
