"""A reader that tells what hidden tokens were.

BERT, Devlin et al. 2019, 3.1 (https://arxiv.org/abs/1810.04805). `N` rows, `S` tokens, `D` width,
`E` width of the embedding, `V` vocabulary, `M` tokens to be told.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.models import encoder
from regard.models.initial import initialise

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu, "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "relu": F.relu, "swish": F.silu,
}  # fmt: skip
Head = tuple[Tensor, Tensor]  # of the output layer: weight (V E), bias (V)


class Config(encoder.Config):
    """The settings of the reader, and of the head: its `activation`, its norm's `eps`."""

    activation: Literal["gelu", "gelu_tanh", "relu", "swish"] = "gelu"
    eps: float = 1e-5

    def masked(self, vocabulary: int) -> "Masked":
        """The model, freshly initialised."""
        model = Masked(self.build(vocabulary), vocabulary)
        model.activation, model.norm.eps = ACTIVATIONS[self.activation], self.eps
        initialise(model)
        return model

    def paired(self, vocabulary: int) -> "Paired":
        """With a head for pairs of texts, freshly initialised."""
        model = Paired(self.build(vocabulary), vocabulary)
        initialise(model)
        return model


class Words(nn.Module):
    """From vectors to tokens: one more layer (as in BERT), then the embedding as output layer."""

    def __init__(self, dim: int, width: int, vocabulary: int):
        super().__init__()
        self.dense, self.norm = nn.Linear(dim, width), nn.LayerNorm(width)
        self.activation: Callable[[Tensor], Tensor] = F.gelu
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def hidden(self, x: Tensor) -> Tensor:
        """What the output layer reads (M E) of vectors (M D)."""
        return self.norm(self.activation(self.dense(x)))


class Masked(Words):
    """A reader with its words."""

    def __init__(self, reader: encoder.Reader, vocabulary: int):
        super().__init__(reader.dim, reader.embed.weight.size(1), vocabulary)
        self.reader = reader

    @property
    def head(self) -> Head:
        """Weight (V E) and bias (V) of the output layer."""
        return self.reader.embed.weight, self.bias


class Paired(Masked):
    """One that also tells whether the second text of a row followed the first (as in BERT)."""

    def __init__(self, reader: encoder.Reader, vocabulary: int):
        super().__init__(reader, vocabulary)
        self.pair = nn.Sequential(nn.Linear(reader.dim, reader.dim), nn.Tanh(),
                                  nn.Linear(reader.dim, 1))  # fmt: skip

    def follows(self, x: Tensor) -> Tensor:
        """Log-odds (N) that it did, off the first tokens of vectors (N S D)."""
        return self.pair(x[:, 0])[:, 0].float()
