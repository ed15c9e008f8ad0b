"""Encoder: an embedding and a stack that reads; what tasks read off it is up to them.

`N` rows, `S` tokens, `D` width.
"""

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from regard.attention.scope import Rule
from regard.embed.base import Embed
from regard.pass_ import encoding
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError, kind_of
from regard.stack.base import Encoder
from regard.state import Encoded


class Config(Settings):
    """`segments`: kinds of text that the parts of a row are told apart as (0: they are not)."""

    dim: int = 256
    embed: Annotated[Any, Part("embed", default="table")] = "table"
    encoder: Annotated[Any, Part("stack", default="plain")] = "plain"
    segments: int = Field(0, ge=0)

    def build(self, vocabulary: int) -> "Reader":
        """The reader for this vocabulary size. Raises UserError if the stack cannot read."""
        if not self.encoder.reads:
            raise UserError(f"model.encoder: {kind_of(self.encoder)} cannot be one")
        stack = self.encoder.encoder(self.dim)
        return Reader(self.embed.build(vocabulary, self.dim), stack, self.segments, self.dim)


class Reader(nn.Module):
    """Rows of tokens become rows of vectors."""

    def __init__(self, embed: Embed, encoder: Encoder, segments: int, dim: int):
        super().__init__()
        self.embed, self.encoder, self.dim = embed, encoder, encoder.dim
        # starts as nothing: the parts of a row are alike until something is learnt of them
        self.segment = nn.Parameter(torch.zeros(segments, dim)) if segments else None

    def forward(
        self, tokens: Tensor, ok: Tensor | None = None, segments: Tensor | None = None,
        rules: tuple[Rule, ...] = (), aux: list[Tensor] | None = None,
    ) -> Encoded:  # fmt: skip
        """Read tokens (N S), real where ok, of these segments (N S), under more rules.

        `aux`, if given, gets the extra losses of the parts.
        """
        return self.read(self.embed(tokens), tokens, ok, segments, rules, aux)

    def read(
        self, x: Tensor, tokens: Tensor, ok: Tensor | None = None, segments: Tensor | None = None,
        rules: tuple[Rule, ...] = (), aux: list[Tensor] | None = None,
    ) -> Encoded:  # fmt: skip
        """The same from embedded tokens x (N S D) on."""
        if self.segment is not None:
            zero = torch.zeros_like(tokens)
            x = x + self.segment[zero if segments is None else segments]
        pass_ = encoding(ok, tokens, tokens)
        pass_.rules, pass_.segments = rules, segments
        pass_.aux = pass_.aux if aux is None else aux
        return self.encoder(x, pass_)
