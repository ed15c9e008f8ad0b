"""Parallel text as a task sees it: corpus, directions, tokenizers, and the batches of an epoch.

`N` rows of a batch, `S` source tokens, `T` target tokens.
"""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
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

    `dir`: a folder ($VARIABLES are filled in) or hf:OWNER/NAME. `directions`: such as [de-en]; with more than one
    every source begins with its target's tag. `shared`: one vocabulary for both sides.
    `max_length`: longer training rows (in tokens) are left out, and counted.
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
        return Batch(
            *(t.to(device, non_blocking=True) for t in (
                self.source, self.source_ok, self.target_in, self.target_out
            ))
        )  # fmt: skip


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
        found = self.source.encode(texts, rng)
        if not self.tagged:
            return [[*ids, EOS] for ids in found]
        return [[self.tag(d), *ids, EOS] for ids, d in zip(found, directions, strict=True)]

    def targets(self, texts: Sequence[str], rng: random.Random | None = None) -> list[list[int]]:
        """Target ids with eos."""
        return [[*ids, EOS] for ids in self.target.encode(texts, rng)]

    def tag(self, direction: str) -> int:
        """The token that asks for this direction's target language."""
        return self.source.special(f"<2{languages(direction)[1]}>")

    def direction(self, wanted: str | None) -> str:
        """The direction asked for, or the only one there is.

        Raises UserError if it is not one of the run's, or if none was asked for and there are several.
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
    """The training rows, encoded, and the batches of every epoch, by number: nothing to remember but where one was."""

    def __init__(self, config: Config, codec: Codec, rows: Sequence[Row], seed: int):
        self.config, self.codec, self.seed = config, codec, seed
        self.rows = list(rows)
        self.random = config.tokenizer.model_dump().get("dropout", 0) > 0
        self.made: tuple[int, Store, Store] | None = None
        self.too_long = 0

    def stores(self, epoch: int) -> tuple[Store, Store]:
        """Encoded rows; with tokenizer dropout they differ from epoch to epoch."""
        key = epoch if self.random else 0
        if self.made is None or self.made[0] != key:
            sides = []
            for side in (0, 1):
                rng = random.Random(f"{self.seed} {epoch} {side}") if self.random else None
                texts = [row[side] for row in self.rows]
                directions = [row.direction for row in self.rows]
                sides.append(Store.of(
                    self.codec.targets(texts, rng) if side
                    else self.codec.sources(texts, directions, rng)
                ))  # fmt: skip
            self.made = (key, sides[0], sides[1])
        return self.made[1], self.made[2]

    def batches(self, budget: int, epoch: int) -> list[np.ndarray]:
        """Row numbers of each batch of the epoch, in order."""
        sources, targets = self.stores(epoch)
        lengths = np.stack([sources.lengths, targets.lengths], 1)
        fits = np.flatnonzero(lengths.max(1) <= self.config.max_length)
        self.too_long = len(lengths) - len(fits)
        if not len(fits):
            raise UserError(f"data.max_length: no training row has {self.config.max_length} tokens or fewer")
        made = plan(lengths[fits], budget, seed=self.seed, epoch=epoch)
        return [fits[rows] for rows in made]

    def waste(self, batches: Sequence[np.ndarray], epoch: int) -> float:
        """Share of padding in these batches."""
        sources, targets = self.stores(epoch)
        return waste(batches, np.stack([sources.lengths, targets.lengths], 1))

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
