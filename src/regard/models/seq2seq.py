"""Sequence to sequence: an encoder reads, a decoder writes, a head scores the vocabulary.

`N` sentences, `B` rows, `S` source tokens, `T` target tokens, `D` width, `V` vocabulary.
"""

from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from regard.embed.base import Embed
from regard.models.base import Model
from regard.models.initial import initialise
from regard.models.writer import Writer
from regard.pass_ import encoding
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError, kind_of
from regard.stack.base import Encoder
from regard.state import Encoded, State


class Config(Settings):
    """`tie`: which of the source embedding, target embedding and output layer are one table."""

    dim: int = 256
    embed: Annotated[Any, Part("embed", default="table")] = "table"
    encoder: Annotated[Any, Part("stack", default="plain")] = "plain"
    decoder: Annotated[Any, Part("stack", default="plain")] = "plain"
    tie: Literal["all", "target", "none"] = "target"

    def build(self, source: int, target: int) -> "Seq2Seq":
        """The model for these vocabulary sizes. Raises UserError if the parts do not fit."""
        for name, stack, can in (
            ("encoder", self.encoder, "reads"),
            ("decoder", self.decoder, "writes"),
        ):
            if not getattr(stack, can):
                raise UserError(f"model.{name}: {kind_of(stack)} cannot be one")
        if self.tie == "all" and source != target:
            raise UserError(
                f"model.tie: all needs one vocabulary, and there are {source} and {target} tokens: "
                "set data.tokenizer.shared, or tie: target"
            )
        encoder = self.encoder.encoder(self.dim)
        decoder = self.decoder.decoder(self.dim, encoder.dim)
        reads = self.embed.build(source, self.dim)
        writes = reads if self.tie == "all" else self.embed.build(target, self.dim)
        model = Seq2Seq(reads, encoder, Writer(writes, decoder), target, self.tie != "none")
        initialise(model)
        model.eval()
        with torch.no_grad():  # what only shows where parts meet is refused now
            model.start(model.encode(torch.zeros(1, 1, dtype=torch.long)))
        return model.train()


class Seq2Seq(Model):
    """Everything decoders need from a model: `encode`, `start`, `forward`, `logits`, `step`."""

    def __init__(self, embed: Embed, encoder: Encoder, writer: Writer, target: int, tied: bool):
        super().__init__()
        self.embed, self.encoder, self.writer = embed, encoder, writer
        self.bias = nn.Parameter(torch.zeros(target))
        if tied:
            self.output = None
        else:
            self.output = nn.Parameter(torch.empty(target, writer.decoder.dim))
        # does a part count the tokens it sees in training, so that padding has to be told?
        self.counts = any(getattr(part, "counts", False) for part in writer.modules())

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (V D) and bias (V) of the output layer."""
        return (self.writer.embed.weight if self.output is None else self.output), self.bias

    def encode(
        self, tokens: Tensor, ok: Tensor | None = None, aux: list[Tensor] | None = None
    ) -> Encoded:
        """Read source tokens (N S), real where ok; `aux`, if given, gets the extra losses."""
        pass_ = encoding(ok, tokens, tokens)
        pass_.aux = pass_.aux if aux is None else aux
        return self.encoder(self.embed(tokens), pass_)

    def start(self, encoded: Encoded, capacity: int | None = None) -> State:
        """The state of one row a sentence, nothing written yet."""
        return self.writer.start(encoded, capacity=capacity)

    def teach(
        self, source: Tensor, source_ok: Tensor | None, target: Tensor, ok: Tensor | None = None,
        aux: list[Tensor] | None = None,
    ) -> Tensor:  # fmt: skip
        """Hidden states (N T D) of whole target rows, for a loss; `aux` gets the extra losses.

        Target padding comes last, so nothing real sees it, and the state is thrown away: it is told
        (by ok) only to parts that count what they see.
        """
        state = self.start(self.encode(source, source_ok, aux))
        return self(target, state, ok if self.counts else None, aux)[0]
