"""Parallel text as a task sees it: corpus, directions, tokenizers, and the batches of each turn.

`N` rows of a batch, `S` source tokens, `T` target tokens.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from regard.data import encoded
from regard.data import frame as framing
from regard.data.batching import blocks_of, pad, plan, stretches, waste
from regard.data.codec import Codec
from regard.data.corpus import base
from regard.data.corpus.base import Corpus, Row
from regard.data.encoded import Encoded, Fresh, Pair, dropout
from regard.data.texts import Texts
from regard.data.tokenizer.base import BOS, EOS, PAD, Tokenizer
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError

# Rows that tokenizers are learnt from. Learning holds their text in memory; more rows would change
# the rarest pieces only.
SAMPLE = 500_000


class Config(Settings):
    """Which corpus, where it lies, in which directions, cut into which tokens.

    `dir`: a folder ($VARIABLES are filled in) or hf:OWNER/NAME. `directions`: such as [de-en]; with
    more than one every source begins with its target's tag. `shared`: one vocabulary for both.
    `max_length`: training rows longer than this on a side, in tokens with eos and tag, are left out
    and counted; in use a longer line is cut. `protect`: placeholders, tags, code and addresses are
    hidden behind reserved tokens, in training and in use, and come back in the answer. `frame`:
    what stands around texts, of a checkpoint from outside.
    """

    corpus: Annotated[Any, Part("data.corpus")]
    directions: tuple[str, ...] = Field(min_length=1)
    dir: str | None = None
    tokenizer: Annotated[Any, Part("data.tokenizer", default="bpe")] = "bpe"
    shared: bool = True
    max_length: int = Field(256, ge=2)
    protect: bool = False
    frame: framing.Config | None = None

    def rows(self, split: str, drop_empty: bool = False) -> Corpus:
        """The rows of a split, in all directions."""
        return base.read(self.corpus, self.where, split, self.directions, drop_empty)

    def stream(self, split: str) -> Iterator[Row]:
        """The same rows one after another, blank ones too."""
        return base.rows(self.corpus, self.where, split, self.directions)

    def files(self, split: str) -> list[Path]:
        """The files that these rows come from."""
        return base.files(self.corpus, self.where, split, self.directions)

    @property
    def where(self) -> str | None:
        """`dir`, filled in."""
        return None if self.dir is None else os.path.expandvars(self.dir)


@dataclass
class Batch:
    """Padded rows: targets go in behind bos and come out before eos."""

    source: Tensor  # N S
    source_ok: Tensor  # N S, True = real
    target_in: Tensor  # N T
    target_out: Tensor  # N T, pad (0) where there is nothing to learn

    def to(self, device: torch.device | str) -> "Batch":
        """The batch on another device."""
        return Batch(*(getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)))


class Parallel:
    """The training rows and their batches, a turn at a time.

    A turn is an epoch, or a block of one: of a corpus of more than `BLOCK` rows only so many are
    in memory and shuffled together, others each epoch. Turn t is block t % blocks of epoch
    t // blocks. All of it is a function of seed and turn: there is nothing to remember but where
    one was. Rows are numbered from 0 within a turn.
    """

    def __init__(self, config: Config, codec: Codec, corpus: Encoded, seed: int):
        self.config, self.codec, self.corpus, self.seed = config, codec, corpus, seed
        self.blocks = blocks_of(len(corpus))
        self.made: tuple[int, Pair] | None = None  # of the turn at hand

    def stores(self, turn: int) -> Pair:
        """Encoded rows; a corpus of one block has the same every turn, but for dropout."""
        key = turn if dropout(self.codec) or self.blocks > 1 else 0
        if self.made is None or self.made[0] != key:
            self.made = None  # so that never two blocks are in memory
            chosen = stretches(len(self.corpus), seed=self.seed, turn=key)
            self.made = key, self.corpus.read(chosen, f"{self.seed} {key}")
        return self.made[1]

    def lengths(self, turn: int) -> np.ndarray:
        """Tokens of each row on either side, (rows, 2)."""
        return np.stack([store.lengths for store in self.stores(turn)], 1)

    @property
    def at_hand(self) -> int:
        """The turn whose encoded rows are there; 0 if none are."""
        return self.made[0] if self.made else 0

    @property
    def too_long(self) -> int:
        """How many rows of the corpus `max_length` leaves out, by what the turn at hand shows."""
        over = self.lengths(self.at_hand).max(1) > self.config.max_length
        return round(float(over.mean()) * len(self.corpus))

    def batches(self, budget: int, turn: int) -> list[np.ndarray]:
        """Row numbers of each batch of the turn, in order.

        Raises UserError if no row is short enough.
        """
        lengths, most = self.lengths(turn), self.config.max_length
        fits = np.flatnonzero(lengths.max(1) <= most)
        if not len(fits):
            raise UserError(f"data.max_length: no training row has {most} tokens or fewer")
        return [fits[rows] for rows in plan(lengths[fits], budget, seed=self.seed, epoch=turn)]

    def waste(self, batches: Sequence[np.ndarray], turn: int) -> float:
        """Share of padding in these batches."""
        rows, lengths = np.concatenate(batches), self.lengths(turn)
        number = np.empty(len(lengths), np.int64)  # of a row among those of the batches
        number[rows] = np.arange(len(rows))
        return waste([number[batch] for batch in batches], lengths[rows])

    def tokens(self, rows: np.ndarray, turn: int) -> int:
        """Target tokens of these rows, eos counted."""
        offsets = self.stores(turn)[1].offsets
        return int((offsets[rows + 1] - offsets[rows]).sum())

    def batch(self, rows: np.ndarray, turn: int) -> Batch:
        """These rows, padded."""
        source, target = (torch.from_numpy(side.padded(rows)) for side in self.stores(turn))
        return framed(source, target)


def prepare(
    config: Config, seed: int, codec: Codec | None, folder: Path | None = None,
    source: Tokenizer | None = None,
) -> Parallel:  # fmt: skip
    """The training rows of a corpus; the tokenizers are learnt of them if there are none (`source`:
    but for this one).

    A corpus of more than one block is kept, encoded, in `folder`/encoded, and found there the next
    time. Raises UserError if the corpus is not as it should be, or has no row with two sides.
    """
    place = folder and folder / "encoded"
    if codec and place and place.is_dir() and not dropout(codec):
        kept = encoded.find(place, codec, encoded.mark(config, codec))
        if kept:
            return Parallel(config, codec, kept, seed)
    texts = Texts.of(config.stream("train"), folder if folder and folder.is_dir() else None)
    if not len(texts):
        raise UserError("data: the training corpus has no row with two sides")
    codec = codec or Codec.train(config, texts.sample(SAMPLE, seed), source)
    fresh = Fresh(texts, codec)
    if blocks_of(len(fresh)) == 1 or dropout(codec):
        return Parallel(config, codec, fresh, seed)
    kept = encoded.keep(fresh, place, encoded.mark(config, codec))
    return Parallel(config, codec, kept, seed)


def collate(sources: Sequence[Any], targets: Sequence[Any]) -> Batch:
    """Encoded rows (eos included) as one padded batch."""
    return framed(pad(sources), pad(targets))


def framed(source: Tensor, out: Tensor) -> Batch:
    """A batch of padded sides."""
    into = torch.cat([torch.full((len(out), 1), BOS), out[:, :-1]], 1)
    into = into.masked_fill(into == EOS, PAD)
    return Batch(source, source != PAD, into, out)
