"""Several corpora as one: training rows of all of them, dev and test of the first.

For back-translation (Sennrich et al. 2016, https://arxiv.org/abs/1511.06709): the genuine corpus
first, then the synthetic one that `regard data backtranslate` wrote.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from regard import recipe
from regard.data.corpus.base import Row, files, rows
from regard.recipe import Part


class Source(recipe.Config):
    """One of the corpora; `dir` if it lies elsewhere than data.dir; `times` it is repeated.

    `most`: of more training rows than that only so many are drawn, the same each time (0: all).
    """

    corpus: Annotated[Any, Part("data.corpus")]
    dir: str | None = None
    times: int = Field(1, ge=1)
    most: int = Field(0, ge=0)


class Config(recipe.Config):
    """The corpora, the genuine one first."""

    parts: tuple[Source, ...] = Field(min_length=1)

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """Those of all parts that are read."""
        found = self.of(where, split)
        return [file for part, at in found for file in files(part.corpus, at, split, [direction])]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All training rows, part by part; any other split is the first part's."""
        for part, at in self.of(where, split):
            times, most = (part.times, part.most) if split == "train" else (1, 0)
            for _ in range(times):
                yield from drawn(rows(part.corpus, at, split, [direction]), most)

    def of(self, where: str | None, split: str) -> list[tuple[Source, str | None]]:
        """The parts that a split is made of, and where each lies."""
        chosen = self.parts if split == "train" else self.parts[:1]
        return [(p, where if p.dir is None else os.path.expandvars(p.dir)) for p in chosen]


def drawn(found: Iterator[Row], most: int) -> Iterator[Row]:
    """So many rows by chance, the same each time; one after another they are read once (0: all)."""
    if not most:
        yield from found
        return
    rng, kept = random.Random(most), list[Row]()
    for number, row in enumerate(found):
        place = number if number < most else rng.randrange(number + 1)
        if place < most:
            kept[place : place + 1] = [row]
    yield from kept
