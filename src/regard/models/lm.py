"""Language model: a decoder without a memory (GPT and its kin). `B` rows, `T` tokens, `D` width,
`V` vocabulary.
"""

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from regard.models.base import Model
from regard.models.initial import initialise
from regard.models.writer import Writer
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError, kind_of
from regard.state import State


class Config(Settings):
    """The output layer is the embedding."""

    dim: int = 256
    embed: Annotated[Any, Part("embed", default="table")] = "table"
    decoder: Annotated[Any, Part("stack", default="plain")] = "plain"

    def build(self, vocabulary: int) -> "LM":
        """The model for this vocabulary size. Raises UserError if the stack cannot write."""
        if not self.decoder.writes:
            raise UserError(f"model.decoder: {kind_of(self.decoder)} cannot be one")
        writer = Writer(
            self.embed.build(vocabulary, self.dim), self.decoder.decoder(self.dim, None)
        )
        model = LM(writer, vocabulary)
        initialise(model)
        return model


class LM(Model):
    """A writer that reads nothing but what it writes."""

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
