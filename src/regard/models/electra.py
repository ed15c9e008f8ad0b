"""ELECTRA: a small generator replaces tokens, and the reader is told by what it makes of them.

Clark et al. 2020, 2 and 3.2 (https://arxiv.org/abs/2003.10555). Both have the embedding in common.
`N` rows, `S` tokens, `D` width, `G` the generator's, `E` the embedding's, `V` vocabulary, `M`
hidden tokens.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from regard.models import encoder
from regard.models.initial import initialise
from regard.models.masked import Head, Words
from regard.pass_ import encoding
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError, kind_of
from regard.stack.base import Encoder


class GeneratorConfig(Settings):
    """Its width and stack: a quarter to a half of the reader's size is best (3.2)."""

    dim: int = Field(64, ge=1)
    encoder: Annotated[Any, Part("stack", default="plain")] = "plain"


class Config(encoder.Config):
    """The settings of the reader, and `generator`, which only training needs."""

    generator: GeneratorConfig = GeneratorConfig()

    def electra(self, vocabulary: int, head: Callable[[int, int, int], nn.Module]) -> "Electra":
        """The model, freshly initialised; `head` is made for widths D and E, and V.

        Raises UserError if a stack cannot read.
        """
        stack = self.generator.encoder
        if not stack.reads:
            raise UserError(f"model.generator.encoder: {kind_of(stack)} cannot be one")
        reader = self.build(vocabulary)
        width = reader.embed.weight.size(1)
        generator = Generator(self.dim, width, stack.encoder(self.generator.dim), vocabulary,
                              self.generator.dim)  # fmt: skip
        model = Electra(reader, generator, head(reader.dim, width, vocabulary))
        initialise(model)
        return model


class Generator(Words):
    """A narrow encoder over the reader's embedding, with its words."""

    def __init__(self, wide: int, width: int, encoder: Encoder, vocabulary: int, dim: int):
        super().__init__(encoder.dim, width, vocabulary)
        self.narrow, self.encoder = nn.Linear(wide, dim), encoder

    def forward(
        self, x: Tensor, tokens: Tensor, ok: Tensor, chosen: Tensor, aux: list[Tensor] | None
    ) -> Tensor:
        """What the output layer reads (M E) of embedded tokens x (N S D) where chosen (N S)."""
        pass_ = encoding(ok, tokens, tokens)
        pass_.aux = pass_.aux if aux is None else aux
        return self.hidden(self.encoder(self.narrow(x), pass_).x[chosen])


class Electra(nn.Module):
    """`reader` is what others start from; `head` says what was replaced."""

    head: Any  # a kind's of `tasks.discriminating`

    def __init__(self, reader: encoder.Reader, generator: Generator, head: nn.Module):
        super().__init__()
        self.reader, self.generator, self.head = reader, generator, head

    @property
    def words(self) -> Head:
        """Weight (V E) and bias (V) of the generator's output layer."""
        return self.reader.embed.weight, self.generator.bias

    def guess(
        self, tokens: Tensor, ok: Tensor, segments: Tensor, chosen: Tensor,
        aux: list[Tensor] | None = None,
    ) -> Tensor:  # fmt: skip
        """What the output layer reads (M E), where tokens (N S) are chosen."""
        x = self.reader.embed(tokens)
        if self.reader.segment is not None:
            x = x + self.reader.segment[segments]
        return self.generator(x, tokens, ok, chosen, aux)
