"""Texts without answers, of one corpus or several, mixed by temperature: what is pre-trained on."""

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from regard.data.corpus import base
from regard.data.reading import Texts
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError


class Source(Settings):
    """One of the corpora: its kind, where it lies (else data.dir), which column, which split.

    Of two columns, a text and its translation, both make one row, so that a hidden word can be told
    by its other language: translation language modelling, Conneau & Lample 2019, 3.3
    (https://arxiv.org/abs/1901.07291). `most`: of more rows only the first so many (0: all).
    """

    corpus: Annotated[Any, Part("data.corpus", default="plain")] = "plain"
    dir: str | None = None
    column: str | tuple[str, str] = "text"
    split: str = "train"
    most: int = Field(0, ge=0)

    @property
    def columns(self) -> tuple[str, ...]:
        """One or two."""
        return (self.column,) if isinstance(self.column, str) else self.column


class Split(NamedTuple):
    """The rows of a corpus: those to learn from, and those kept for dev."""

    train: list[Texts]
    dev: list[Texts]


class Config(Settings):
    """Which texts, cut into which tokens.

    `temperature`: a corpus of n rows is drawn as often as n^(1/temperature) says, so that small
    ones are not drowned (1: as they are). `held`: rows of each that are kept for dev. `pack`: rows
    are a running text, whose neighbours are joined up to `max_length` tokens, and whose last ones
    are dev; else each row stands alone, and what is longer is cut into several (of two texts, the
    ends are left out).
    """

    parts: tuple[Source, ...] = Field(min_length=1)
    dir: str | None = None
    tokenizer: Annotated[Any, Part("data.tokenizer", default="bpe")] = "bpe"
    max_length: int = Field(128, ge=8)
    temperature: float = Field(1.0, ge=1)
    held: int = Field(500, ge=1)
    pack: bool = False

    def splits(self) -> list[Split]:
        """The rows of each corpus. Unless they are packed, no text of a dev row is in training.

        Raises UserError if one has too few, or if rows of two texts are to be packed.
        """
        if self.pack and any(len(part.columns) > 1 for part in self.parts):
            raise UserError("data.pack: is for running text, not for pairs of columns")
        every = [self.of(part) for part in self.parts]
        if self.pack:
            return [Split(rows[: -self.held], rows[-self.held :]) for rows in every]
        found = [parted(rows, self.held) for rows in every]
        held = {text for split in found for row in split.dev for text in row}
        known = [Split([row for row in train if held.isdisjoint(row)], dev) for train, dev in found]
        if not all(split.train for split in known):
            raise UserError("data.held: the rows kept for dev are all that there are; lower it")
        return known

    def of(self, part: Source) -> list[Texts]:
        """The rows of one, without blank ones."""
        where = os.path.expandvars(part.dir or self.dir or "") or None
        found: list[Texts] = []
        for row in base.fields(part.corpus, where, part.split, part.columns):
            if all(text.strip() for text in row):
                found.append(row)
            if len(found) == part.most > 0:
                break
        if len(found) <= self.held:
            raise UserError(
                f"data.held: {self.held} rows are kept for dev, and {', '.join(part.columns)} of "
                f"{where or part.split} has {len(found)}"
            )
        return found


def parted(rows: Sequence[Texts], held: int) -> Split:
    """Training rows, and `held` rows evenly taken from among them."""
    dev = {i * len(rows) // held for i in range(held)}
    train = [row for i, row in enumerate(rows) if i not in dev]
    return Split(train, [rows[i] for i in sorted(dev)])


def cut(rows: Sequence[Sequence[int]], room: int, pack: bool) -> list[list[int]]:
    """Rows of at most `room` tokens: long ones cut into several, or all of them joined and cut."""
    if pack:
        flat = [token for row in rows for token in row]
        return [flat[at : at + room] for at in range(0, len(flat), room)]
    return [list(row[at : at + room]) for row in rows for at in range(0, len(row), room)]


def drawn(sizes: Sequence[int], temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Numbers of the rows of a turn, counted through all corpora.

    As many as there are rows; each corpus is gone through as often as its share says, the rest of
    it by chance, so that without temperature every row comes once.
    """
    counts = np.array(sizes, float)
    share = counts ** (1 / temperature)
    wanted = np.floor(share / share.sum() * counts.sum() + 1e-9).astype(np.int64)
    starts, found = np.cumsum([0, *sizes]), []
    for (start, stop), count in zip(pairwise(starts), wanted, strict=True):
        times, rest = divmod(int(count), int(stop - start))
        found += [np.arange(start, stop)] * times
        found.append(np.sort(start + rng.permutation(stop - start)[:rest]))
    return np.concatenate(found)
