"""Parallel text as a task sees it: corpus, directions, tokenizers, and the batches of an epoch.

`N` rows of a batch, `S` source tokens, `T` target tokens.
"""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from regard.data.batching import Store, pad, plan, waste
from regard.data.corpus.base import Corpus, Row, languages, read
from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import BOS, EOS, PAD, Tokenizer
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError


class Config(Settings):
    """Which corpus, where it lies, in which directions, cut into which tokens.

    `dir`: a folder ($VARIABLES are filled in) or hf:OWNER/NAME. `directions`: such as [de-en]; with
    more than one every source begins with its target's tag. `shared`: one vocabulary for both.
    `max_length`: training rows longer than this on a side, in tokens with eos and tag, are left out
    and counted; in use a longer line is cut.
    """

    corpus: Annotated[Any, Part("data.corpus")]
    directions: tuple[str, ...] = Field(min_length=1)
    dir: str | None = None
    tokenizer: Annotated[Any, Part("data.tokenizer", default="bpe")] = "bpe"
    shared: bool = True
    max_length: int = Field(256, ge=2)

    def rows(self, split: str, drop_empty: bool = False) -> Corpus:
        """The rows of a split, in all directions."""
        where = None if self.dir is None else os.path.expandvars(self.dir)
        return read(self.corpus, where, split, self.directions, drop_empty)


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


class Codec:
    """Text to token ids and back, on either side; tags tell the model where to."""

    def __init__(self, source: Tokenizer, target: Tokenizer, directions: Sequence[str]):
        self.source, self.target, self.directions = source, target, tuple(directions)
        self.tagged = len(directions) > 1

    @classmethod
    def train(cls, config: Config, rows: Sequence[Row]) -> "Codec":
        """Learn the tokenizers of these rows."""
        tags = tags_of(config.directions)
        sides = [[r.source for r in rows], [r.target for r in rows]]
        if config.shared:
            both = config.tokenizer.train(sides[0] + sides[1], tags)
            return cls(both, both, config.directions)
        made = [config.tokenizer.train(texts, tags) for texts in sides]
        return cls(made[0], made[1], config.directions)

    def save(self, folder: Path) -> None:
        """One folder for a shared vocabulary, two otherwise."""
        if self.source is self.target:
            self.source.save(folder / "shared")
        else:
            self.source.save(folder / "source")
            self.target.save(folder / "target")

    @classmethod
    def load(cls, folder: Path, config: Config) -> "Codec":
        """As it was saved. Raises UserError if there is nothing whole."""
        if config.shared:
            both = tokenizer.load(folder / "shared")
            return cls(both, both, config.directions)
        source, target = (tokenizer.load(folder / side) for side in ("source", "target"))
        return cls(source, target, config.directions)

    def sources(
        self, texts: Sequence[str], directions: Sequence[str], rng: random.Random | None = None
    ) -> list[list[int]]:
        """Source ids with eos, behind a tag if there are several directions."""
        found = zip(self.source.encode(texts, rng), directions, strict=True)
        if not self.tagged:
            return [[*ids, EOS] for ids, _ in found]
        tags = {d: self.tag(d) for d in self.directions}
        return [[tags[d], *ids, EOS] for ids, d in found]

    def targets(self, texts: Sequence[str], rng: random.Random | None = None) -> list[list[int]]:
        """Target ids with eos."""
        return [[*ids, EOS] for ids in self.target.encode(texts, rng)]

    def tag(self, direction: str) -> int:
        """The token that asks for this direction's target language."""
        return self.source.special(f"<2{languages(direction)[1]}>")

    def direction(self, wanted: str | None) -> str:
        """The direction asked for, or the only one there is.

        Raises UserError if it is not one of the run's, or none was asked for and there are several.
        """
        if wanted is None and not self.tagged:
            return self.directions[0]
        if wanted in self.directions:
            return str(wanted)
        asked = "no direction was asked for" if wanted is None else f"no direction {wanted!r}"
        raise UserError(f"{asked}; this run translates {', '.join(self.directions)}")

    @property
    def silent(self) -> list[int]:
        """Target ids that are never written: all specials but eos."""
        return [i for i in range(len(self.target.facts.specials)) if i != EOS]


def tags_of(directions: Sequence[str]) -> list[str]:
    """The tags that tell several directions apart."""
    if len(directions) < 2:
        return []
    return [f"<2{language}>" for language in sorted({languages(d)[1] for d in directions})]


class Parallel:
    """The training rows, encoded, and the batches of every epoch, by number.

    All of it is a function of seed and epoch: there is nothing to remember but where one was.
    """

    def __init__(self, config: Config, codec: Codec, rows: Sequence[Row], seed: int):
        self.config, self.codec, self.rows, self.seed = config, codec, list(rows), seed
        self.random = max(codec.source.facts.dropout, codec.target.facts.dropout) > 0
        self.made: tuple[int, Store, Store] | None = None  # of the epoch at hand

    def stores(self, epoch: int) -> tuple[Store, Store]:
        """Encoded rows; with tokenizer dropout they differ from epoch to epoch."""
        key = epoch if self.random else 0
        if self.made is None or self.made[0] != key:
            rng = [random.Random(f"{self.seed} {key} {side}") for side in (0, 1)]
            sources, targets, directions = zip(*self.rows, strict=True)
            self.made = (
                key,
                Store.of(self.codec.sources(sources, directions, rng[0])),
                Store.of(self.codec.targets(targets, rng[1])),
            )
        return self.made[1], self.made[2]

    def lengths(self, epoch: int) -> np.ndarray:
        """Tokens of each row on either side, (rows, 2)."""
        return np.stack([store.lengths for store in self.stores(epoch)], 1)

    @property
    def at_hand(self) -> int:
        """The epoch whose encoded rows are there; 0 if none are."""
        return self.made[0] if self.made else 0

    @property
    def too_long(self) -> int:
        """How many rows `max_length` leaves out."""
        return int((self.lengths(self.at_hand).max(1) > self.config.max_length).sum())

    def batches(self, budget: int, epoch: int) -> list[np.ndarray]:
        """Row numbers of each batch of the epoch, in order.

        Raises UserError if no row is short enough.
        """
        lengths, most = self.lengths(epoch), self.config.max_length
        fits = np.flatnonzero(lengths.max(1) <= most)
        if not len(fits):
            raise UserError(f"data.max_length: no training row has {most} tokens or fewer")
        return [fits[rows] for rows in plan(lengths[fits], budget, seed=self.seed, epoch=epoch)]

    def waste(self, batches: Sequence[np.ndarray], epoch: int) -> float:
        """Share of padding in these batches."""
        rows = np.concatenate(batches)
        number = np.empty(len(self.rows), np.int64)  # of a row among those of the batches
        number[rows] = np.arange(len(rows))
        return waste([number[batch] for batch in batches], self.lengths(epoch)[rows])

    def tokens(self, rows: np.ndarray, epoch: int) -> int:
        """Target tokens of these rows, eos counted."""
        return int(self.stores(epoch)[1].lengths[rows].sum())

    def batch(self, rows: np.ndarray, epoch: int) -> Batch:
        """These rows, padded."""
        sources, targets = self.stores(epoch)
        return collate([sources[i] for i in rows], [targets[i] for i in rows])


def collate(sources: Sequence[Any], targets: Sequence[Any]) -> Batch:
    """Encoded rows (eos included) as one padded batch."""
    source, out = pad(sources), pad(targets)
    into = torch.cat([torch.full((len(out), 1), BOS), out[:, :-1]], 1)
    into = into.masked_fill(into == EOS, PAD)
    return Batch(source, source != PAD, into, out)
