"""Language model: a decoder without a memory (GPT and its kin). `B` rows, `T` tokens, `D` width,
`V` vocabulary.
"""

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.models.initial import initialise
from regard.models.writer import Writer
from regard.recipe import Config as Settings
from regard.recipe import Part
from regard.state import State


class Config(Settings):
    """The output layer is the embedding."""

    dim: int = 256
    embed: Annotated[Any, Part("embed", default="table")] = "table"
    decoder: Annotated[Any, Part("stack", default="plain")] = "plain"

    def build(self, vocabulary: int) -> "LM":
        """The model for this vocabulary size."""
        writer = Writer(
            self.embed.build(vocabulary, self.dim), self.decoder.decoder(self.dim, None)
        )
        model = LM(writer, vocabulary)
        initialise(model)
        return model


class LM(nn.Module):
    """`start`, `forward`, `logits` and `step`, as Seq2Seq has them."""

    def __init__(self, writer: Writer, vocabulary: int):
        super().__init__()
        self.writer, self.bias = writer, nn.Parameter(torch.zeros(vocabulary))

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (V D) and bias (V) of the output layer."""
        return self.writer.embed.weight, self.bias

    def start(self, rows: int, capacity: int | None = None) -> State:
        """The state of `rows` rows, nothing read yet."""
        return self.writer.start(rows=rows, capacity=capacity)

    def forward(
        self, tokens: Tensor, state: State, ok: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Hidden states (B T D) of tokens (B T) after what `state` remembers."""
        return self.writer(tokens, state, ok)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of the vocabulary, ... V."""
        return F.linear(hidden, *self.head)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Log-probabilities (B V) of what follows tokens (B T)."""
        hidden, state = self(tokens, state)
        return self.logits(hidden[:, -1]).float().log_softmax(-1), state
