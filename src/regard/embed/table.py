"""A row of a table per token, times sqrt(D).

Branch: Beside the survey / Embedding
Paper: Transformer, Vaswani et al. 2017, section 3.4, https://arxiv.org/abs/1706.03762
Formula: sqrt(D) W_t
Cost: time O(T D), memory V D parameters
Causal: yes
Scores: no
Limit: it is a one-hot vector of the token times W
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.embed._rows import Rows, RowsConfig


class Config(RowsConfig):
    """`scale`: times sqrt(D); `dropout` drops the stream; `word_dropout` drops whole tokens."""

    def build(self, vocabulary: int, dim: int) -> "Table":
        """The table."""
        return Table(vocabulary, dim, self)


class Table(Rows):
    """`weight` (V D)."""

    def __init__(self, vocabulary: int, dim: int, config: Config):
        super().__init__(dim, config)
        self.weight = nn.Parameter(torch.randn(vocabulary, dim) * dim**-0.5)

    def rows(self, tokens: Tensor) -> Tensor:
        """... D."""
        return F.embedding(tokens, self.weight)
