"""One table, tab between the columns, no quoting; its first line names the columns."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from regard.data.corpus.base import FilesConfig, Row, find, folder, languages, lines
from regard.recipe import UserError, nearest


class Config(FilesConfig):
    """The file of each split (.tsv may be left out); `columns` says which column is a language."""

    columns: dict[str, str] = {}

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The table."""
        return [find(folder(where), self.named(split), ".tsv")]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All rows of a split: see `fields`."""
        for source, target in self.fields(where, split, languages(direction)):
            yield Row(source, target, direction)

    def fields(
        self, where: str | None, split: str, names: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        """These columns of all rows of a split.

        Raises UserError if a column is missing or a line has another number of fields.
        """
        path = find(folder(where), self.named(split), ".tsv")
        table = lines(path)
        header = next(table, "").split("\t")
        wanted = [self.columns.get(name, name) for name in names]
        for column in wanted:
            if column not in header:
                raise UserError(f"{path}, line 1: no column {column!r}; {nearest(column, header)}")
        places = [header.index(column) for column in wanted]
        for number, line in enumerate(table, 2):
            fields = line.split("\t")
            if len(fields) != len(header):
                counts = f"{len(fields)} fields, but the header names {len(header)}"
                raise UserError(f"{path}, line {number}: {counts}; no tab inside a text")
            yield tuple(fields[place] for place in places)
