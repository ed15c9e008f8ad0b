"""Cross-validation: the rows of one table or several in folds by an id.

A row's fold depends on its id alone, so that the same sentence in other languages, or in other
tables, is always in the same one: no translation of a test row is trained on.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any
from zlib import crc32

from pydantic import Field

from regard import recipe
from regard.data.corpus.base import Row
from regard.recipe import Part, UserError

DEV = 10  # of so many training rows one is for dev


class Config(recipe.Config):
    """`of`: what reads the tables; `tables`: their names, as `of` names a split.

    `id`: the column by which rows are told apart; fold `fold` of `folds` is the test set, a tenth
    of the others dev.
    """

    of: Annotated[Any, Part("data.corpus", default="tsv")] = "tsv"
    tables: tuple[str, ...] = Field(("train",), min_length=1)
    id: str = "id"
    fold: int = Field(0, ge=0)
    folds: int = Field(5, ge=2)

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """Those of all tables."""
        return [file for table in self.tables for file in self.of.files(where, table, direction)]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """Nothing: raises UserError."""
        raise UserError("data.corpus: folds are for texts with answers; use the corpus itself")

    def fields(
        self, where: str | None, split: str, names: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        """These columns of the rows that a split has.

        Raises UserError if there is no such fold, or if the tables have no such columns.
        """
        if self.fold >= self.folds:
            last = self.folds - 1
            raise UserError(f"data.corpus.fold: {self.fold}; of {self.folds} it is 0 to {last}")
        if not hasattr(self.of, "fields"):
            raise UserError(f"data.corpus.of: {recipe.kind_of(self.of)} has no columns; use tsv")
        for table in self.tables:
            for id, *found in self.of.fields(where, table, [self.id, *names]):
                if self.split(id) == split:
                    yield tuple(found)

    def split(self, id: str) -> str:
        """Where a row belongs."""
        if crc32(id.encode()) % self.folds == self.fold:
            return "test"
        return "dev" if crc32(b"dev" + id.encode()) % DEV == 0 else "train"
