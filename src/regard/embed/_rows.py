"""What embeddings share: a row for each token, scaled on its way into the stream, and dropout.

`B` rows, `T` tokens, `D` width, `V` vocabulary.
"""

import torch
from torch import Tensor

from regard.dropout import Dropout
from regard.embed.base import Embed, EmbedConfig
from regard.recipe import Rate


class RowsConfig(EmbedConfig):
    """`scale`: times sqrt(D); `dropout` drops the stream; `word_dropout` drops whole tokens."""

    scale: bool = True
    dropout: Rate = 0.0
    word_dropout: Rate = 0.0


class Rows(Embed):
    """A kind overrides `rows` and has a weight.

    Rows start with variance 1/D, so that a scaled row, and a tied output layer, start at unit
    scale.
    """

    def __init__(self, dim: int, config: RowsConfig):
        super().__init__()
        self.factor = dim**0.5 if config.scale else 1.0
        self.drop = Dropout(config.dropout)
        self.word_drop = Dropout(config.word_dropout)

    def rows(self, tokens: Tensor) -> Tensor:
        """Their rows of the weight: ... D."""
        raise NotImplementedError

    def forward(self, tokens: Tensor) -> Tensor:
        """B T -> B T D."""
        x = self.rows(tokens) * self.factor
        if self.training and self.word_drop.p:
            x = x * self.word_drop(x.new_ones(*tokens.shape, 1))
        return self.drop(x)


class Made(Rows):
    """Rows made when asked for; the whole table only for an output layer, anew each time."""

    def __init__(self, vocabulary: int, dim: int, config: RowsConfig):
        super().__init__(dim, config)
        self.vocabulary, self.dim = vocabulary, dim

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """V D."""
        device = next(self.parameters()).device
        return self.rows(torch.arange(self.vocabulary, device=device))
