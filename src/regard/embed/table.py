"""A row of a table per token, times sqrt(D) (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762,
3.4).
"""

import torch
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.embed.base import Embed, EmbedConfig
from regard.recipe import Rate


class Config(EmbedConfig):
    """`scale`: times sqrt(D); `dropout` drops the stream; `word_dropout` drops whole tokens."""

    scale: bool = True
    dropout: Rate = 0.0
    word_dropout: Rate = 0.0

    def build(self, vocabulary: int, dim: int) -> "Table":
        """The table."""
        return Table(vocabulary, dim, self)


class Table(Embed):
    """Rows have variance 1/D, so that a scaled row, and a tied output layer, start at unit
    scale.
    """

    def __init__(self, vocabulary: int, dim: int, config: Config):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(vocabulary, dim) * dim**-0.5)
        self.factor = dim**0.5 if config.scale else 1.0
        self.drop = Dropout(config.dropout)
        self.word_drop = Dropout(config.word_dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """B T -> B T D."""
        x = nn.functional.embedding(tokens, self.weight) * self.factor
        if self.training and self.word_drop.p:
            x = x * self.word_drop(x.new_ones(*tokens.shape, 1))
        return self.drop(x)
