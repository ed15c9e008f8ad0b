"""Several corpora as one: training rows of all of them, dev and test of the first.

For back-translation (Sennrich et al. 2016, https://arxiv.org/abs/1511.06709): the genuine corpus
first, then the synthetic one that `regard data backtranslate` wrote.
"""

import os
from typing import Annotated, Any

from pydantic import Field

from regard import recipe
from regard.data.corpus.base import Row, read
from regard.recipe import Part


class Source(recipe.Config):
    """One of the corpora; `dir` if it lies elsewhere than data.dir; `times` it is repeated."""

    corpus: Annotated[Any, Part("data.corpus")]
    dir: str | None = None
    times: int = Field(1, ge=1)


class Config(recipe.Config):
    """The corpora, the genuine one first."""

    parts: tuple[Source, ...] = Field(min_length=1)

    def read(self, where: str | None, split: str, direction: str) -> list[Row]:
        """All training rows, part by part; any other split is the first part's."""
        training = split == "train"
        rows: list[Row] = []
        for part in self.parts if training else self.parts[:1]:
            at = where if part.dir is None else os.path.expandvars(part.dir)
            rows += read(part.corpus, at, split, [direction]).rows * (part.times if training else 1)
        return rows
