"""Parallel corpora as pairs of texts that are the same thing or not, for tasks over pairs.

A sentence and its translation are the same; it and the translation of the next row are not. An
encoder that tells them apart puts sentences of several languages that mean the same in one place:
Feng et al. 2022, section 3 (https://arxiv.org/abs/2007.01852).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from regard import recipe
from regard.data.corpus.base import Row, blank, files, languages, rows
from regard.data.corpus.mix import drawn
from regard.recipe import Part, UserError, nearest

COLUMNS = ("a", "b", "label")
SAME, DIFFERENT = "same", "different"


class Table(recipe.Config):
    """One of the corpora, and the direction in which it is read; `most`: as in a mix."""

    corpus: Annotated[Any, Part("data.corpus", default="tsv")] = "tsv"
    direction: str
    most: int = Field(0, ge=0)


class Config(recipe.Config):
    """`parts`: the corpora. Columns are `a` (source), `b` (target) and `label`."""

    parts: tuple[Table, ...] = Field(min_length=1)

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """Those of all parts."""
        return [
            file for part in self.parts
            for file in files(part.corpus, where, split, [part.direction])
        ]  # fmt: skip

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """Nothing: raises UserError."""
        raise UserError("data.corpus: translations are for pairs; to translate, use a mix")

    def fields(
        self, where: str | None, split: str, names: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        """These columns, part by part. Raises UserError for any that is none of the three."""
        for name in names:
            if name not in COLUMNS:
                raise UserError(f"data: translations have no column {name!r}; "
                                f"{nearest(name, COLUMNS)}")  # fmt: skip
        for part in self.parts:
            languages(part.direction)
            most = part.most if split == "train" else 0
            found = drawn(rows(part.corpus, where, split, [part.direction]), most)
            whole = [row for row in found if not blank(row)]
            for row, other in zip(whole, [*whole[1:], *whole[:1]], strict=True):
                for target, label in ((row.target, SAME), (other.target, DIFFERENT)):
                    known = dict(zip(COLUMNS, (row.source, target, label), strict=True))
                    yield tuple(known[name] for name in names)
