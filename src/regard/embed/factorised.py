"""Factorised embedding: a row of a narrow table per token, widened by one linear map.

Branch: Beside the survey / Embedding
Paper: ALBERT, Lan et al. 2020, section 3.1, https://arxiv.org/abs/1909.11942
Formula: W = A B, A (V r) with a row for each token, B (r D)
Cost: time O(T r D), memory V r + r D parameters in place of V D
Causal: yes
Scores: no
Limit: a rank of D and more holds any table

A tied output layer scores by the same product, made anew at every trip.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.embed._rows import Made, RowsConfig
from regard.recipe import UserError


class Config(RowsConfig):
    """`rank`: width of the narrow table; `scale`: times sqrt(D); `dropout` drops the stream;
    `word_dropout` drops whole tokens.
    """

    rank: int = 64

    def build(self, vocabulary: int, dim: int) -> "Factorised":
        """Table and map. Raises UserError for a table of no width."""
        if self.rank < 1:
            raise UserError(f"factorised: rank {self.rank} leaves no table; give 1 or more")
        return Factorised(vocabulary, dim, self)


class Factorised(Made):
    """`narrow` (V r) and `widen` (r D)."""

    def __init__(self, vocabulary: int, dim: int, config: Config):
        super().__init__(vocabulary, dim, config)
        self.narrow = nn.Parameter(torch.randn(vocabulary, config.rank) * config.rank**-0.5)
        self.widen = nn.Parameter(torch.randn(config.rank, dim) * dim**-0.5)

    def rows(self, tokens: Tensor) -> Tensor:
        """... D."""
        return F.embedding(tokens, self.narrow) @ self.widen
