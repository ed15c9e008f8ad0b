"""Sequence to sequence: an encoder reads, a decoder writes, a head scores the vocabulary.

A reader that was trained before may feed the encoder in place of a source embedding: BiBERT's way,
Xu et al. 2021, section 3 (https://arxiv.org/abs/2109.04588).

`N` sentences, `B` rows, `S` source tokens, `T` target tokens, `D` width, `V` vocabulary.
"""

from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from regard.embed.base import Embed
from regard.models import encoder as readers
from regard.models.base import Model
from regard.models.initial import initialise
from regard.models.writer import Writer
from regard.pass_ import Pass, encoding
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError, kind_of
from regard.stack.base import Encoder
from regard.state import Encoded, State

BOS = 1  # of every tokenizer of the house, whom models do not know


class Config(Settings):
    """`tie`: which of the source embedding, target embedding and output layer are one table
    (inputs: both embeddings; target: the last two). `reader`: settings of what reads the source
    before the encoder does; `start` fills it in. An encoder of 0 layers leaves it to the reader.
    """

    dim: int = 256
    embed: Annotated[Any, Part("embed", default="table")] = "table"
    encoder: Annotated[Any, Part("stack", default="plain")] = "plain"
    decoder: Annotated[Any, Part("stack", default="plain")] = "plain"
    tie: Literal["all", "target", "inputs", "none"] = "target"
    reader: readers.Config | None = None

    def build(self, source: int, target: int) -> "Seq2Seq":
        """The model for these vocabulary sizes. Raises UserError if the parts do not fit."""
        for name, stack, can in (
            ("encoder", self.encoder, "reads"),
            ("decoder", self.decoder, "writes"),
        ):
            if not getattr(stack, can):
                raise UserError(f"model.{name}: {kind_of(stack)} cannot be one")
        one = self.tie in ("all", "inputs")
        if one and source != target:
            raise UserError(
                f"model.tie: {self.tie} needs one vocabulary, and there are {source} and {target} "
                "tokens: set data.tokenizer.shared, or tie: target"
            )
        encoder = self.encoder.encoder(self.dim)
        decoder = self.decoder.decoder(self.dim, encoder.dim)
        reads = self.reads(source)
        writes = reads if one else self.embed.build(target, self.dim)
        tied = self.tie in ("all", "target")
        model = Seq2Seq(reads, encoder, Writer(writes, decoder), target, tied)
        initialise(model)
        model.eval()
        with torch.no_grad():  # what only shows where parts meet is refused now
            model.start(model.encode(torch.zeros(1, 1, dtype=torch.long)))
        return model.train()

    def reads(self, source: int) -> Any:
        """The source embedding, or the reader in its place. Raises UserError if it may not be."""
        if self.reader is None:
            return self.embed.build(source, self.dim)
        if self.tie in ("all", "inputs"):
            raise UserError(
                f"model.tie: {self.tie} wants a source embedding, and a reader is in its place: "
                "use target or none"
            )
        return Fed(self.reader.build(source), self.dim)


class Fed(nn.Module):
    """A reader in the place of an embedding: it reads bos first, as it learnt to, and the vector of
    that is left out. A linear map fits its width to the model's where they differ.
    """

    def __init__(self, reader: readers.Reader, dim: int):
        super().__init__()
        self.reader = reader
        self.fit = nn.Identity() if reader.dim == dim else nn.Linear(reader.dim, dim)

    def forward(self, tokens: Tensor, pass_: Pass) -> Tensor:
        """N S -> N S D."""
        first = tokens.new_full((len(tokens), 1), BOS)
        ok = None if pass_.ok is None else torch.cat([first.bool(), pass_.ok], 1)
        found = self.reader(torch.cat([first, tokens], 1), ok, aux=pass_.aux)
        if found.x.size(1) != tokens.size(1) + 1:
            raise UserError("start: its encoder shortens what it reads, and cannot feed another")
        return self.fit(found.x[:, 1:])


class Seq2Seq(Model):
    """Everything decoders need from a model: `encode`, `start`, `forward`, `logits`, `step`."""

    def __init__(
        self, embed: Embed | Fed, encoder: Encoder, writer: Writer, target: int, tied: bool
    ):
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
        x = self.embed(tokens, pass_) if isinstance(self.embed, Fed) else self.embed(tokens)
        return self.encoder(x, pass_)

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
