"""Several corpora as one: training rows of all of them, dev and test of the first.

For back-translation (Sennrich et al. 2016, https://arxiv.org/abs/1511.06709): the genuine corpus
first, then the synthetic one that `regard data backtranslate` wrote.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from regard import recipe
from regard.data.corpus.base import Row, files, rows
from regard.recipe import Part


class Source(recipe.Config):
    """One of the corpora; `dir` if it lies elsewhere than data.dir; `times` it is repeated."""

    corpus: Annotated[Any, Part("data.corpus")]
    dir: str | None = None
    times: int = Field(1, ge=1)


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
            for _ in range(part.times if split == "train" else 1):
                yield from rows(part.corpus, at, split, [direction])

    def of(self, where: str | None, split: str) -> list[tuple[Source, str | None]]:
        """The parts that a split is made of, and where each lies."""
        chosen = self.parts if split == "train" else self.parts[:1]
        return [(p, where if p.dir is None else os.path.expandvars(p.dir)) for p in chosen]
