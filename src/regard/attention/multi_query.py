"""Multi-query attention: all query heads share one head of keys and values.

Branch: Beside the survey / Shared key heads
Paper: Multi-query attention, Shazeer 2019, section 3, https://arxiv.org/abs/1911.02150
Formula: softmax of q_h k^T / sqrt(K), times v; k and v are the same for every head h
Cost: time O(T S D), memory O(T S) (less where a fused kernel runs); a state keeps S K numbers
  for keys where dense attention keeps S D
Causal: yes
Scores: yes
Limit: the same as grouped-query attention with one group, and as dense attention if every head
  had these keys and values
"""

from regard.attention.base import CoreConfig
from regard.attention.softmax import Softmax
from regard.recipe import Rate


class Config(CoreConfig):
    """`dropout` drops weights."""

    dropout: Rate = 0.0

    def core(self, width: int) -> "MultiQuery":
        """The mechanism."""
        return MultiQuery(self.dropout)


class MultiQuery(Softmax):
    """Dense attention that declares a single key head; the outer attention does the rest."""

    key_heads = 1
