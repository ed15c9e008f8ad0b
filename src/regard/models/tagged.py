"""An encoder whose vectors at the beginning of words are read by one head, word by word.

`N` rows, `S` tokens, `D` width, `M` words of all rows, `L` tags.
"""

import torch
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.models import encoder
from regard.models.initial import initialise
from regard.recipe import Rate


class Config(encoder.Config):
    """`drop` acts on the vectors that the head reads."""

    drop: Rate = 0.1

    def tagged(self, vocabulary: int, tags: int) -> "Tagged":
        """The model, freshly initialised."""
        reader = self.build(vocabulary)
        model = Tagged(reader, nn.Linear(reader.dim, tags), self.drop)
        initialise(model)
        return model


class Tagged(nn.Module):
    """`reader` may be one that was pre-trained; `head` is new."""

    def __init__(self, reader: encoder.Reader, head: nn.Module, drop: float):
        super().__init__()
        self.reader, self.head, self.drop = reader, head, Dropout(drop)

    def forward(
        self, tokens: Tensor, ok: Tensor, first: Tensor, aux: list[Tensor] | None = None
    ) -> Tensor:
        """M L, read off the tokens (N S) whose row and place `first` (M 2) says."""
        x = self.reader(tokens, ok, torch.zeros_like(tokens), aux=aux).x
        return self.head(self.drop(x[first[:, 0], first[:, 1]]))
