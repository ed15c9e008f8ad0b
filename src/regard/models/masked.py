"""A reader that tells what hidden tokens were.

BERT, Devlin et al. 2019, 3.1 (https://arxiv.org/abs/1810.04805). `N` rows, `S` tokens, `D` width,
`E` width of the embedding, `V` vocabulary, `M` hidden tokens.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.models import encoder
from regard.models.initial import initialise


class Config(encoder.Config):
    """The settings of the reader."""

    def masked(self, vocabulary: int) -> "Masked":
        """The model, freshly initialised."""
        model = Masked(self.build(vocabulary), vocabulary)
        initialise(model)
        return model


class Masked(nn.Module):
    """The output layer is the embedding, behind one more layer (as in BERT)."""

    def __init__(self, reader: encoder.Reader, vocabulary: int):
        super().__init__()
        width = reader.embed.weight.size(1)
        self.reader = reader
        self.dense, self.norm = nn.Linear(reader.dim, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (V E) and bias (V) of the output layer."""
        return self.reader.embed.weight, self.bias

    def hidden(self, x: Tensor) -> Tensor:
        """What the head reads (M E) of the reader's vectors (M D)."""
        return self.norm(F.gelu(self.dense(x)))
