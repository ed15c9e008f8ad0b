"""Grouped-query attention: neighbouring query heads share a head of keys and values.

Branch: Beside the survey / Shared key heads
Paper: GQA, Ainslie et al. 2023, section 2.2, https://arxiv.org/abs/2305.13245
Formula: softmax of q_h k_g^T / sqrt(K), times v_g, where g is the group of head h
Cost: time O(T S D), memory O(T S) (less where a fused kernel runs); a state keeps S G K numbers
  for keys where dense attention keeps S D
Causal: yes
Scores: yes
Limit: as many groups as heads is dense attention, one group is multi-query attention
"""

from regard.attention.base import CoreConfig
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`groups` of as many query heads each; `dropout` drops weights."""

    groups: int = 2
    dropout: Rate = 0.0

    def core(self, width: int) -> "GroupedQuery":
        """The mechanism."""
        if self.groups < 1 or self.heads % self.groups:
            raise UserError(
                f"grouped_query: {self.groups} groups cannot share {self.heads} heads evenly; "
                "give a number that divides the heads"
            )
        return GroupedQuery(self.groups, self.dropout)


class GroupedQuery(Softmax):
    """Dense attention that declares its key heads; the outer attention does the rest."""

    def __init__(self, groups: int, dropout: float = 0.0):
        super().__init__(dropout)
        self.key_heads = groups
