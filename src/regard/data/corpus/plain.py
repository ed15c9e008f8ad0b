"""Plain text, a text a line, without an answer: what a model is pre-trained on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from regard.data.corpus.base import FilesConfig, Row, find, folder, lines
from regard.recipe import UserError


class Config(FilesConfig):
    """The file of each split (.txt may be left out)."""

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The one file."""
        return [find(folder(where), self.named(split), ".txt")]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """Nothing: raises UserError."""
        raise UserError("data.corpus: plain text has no second side; use moses, tsv or another")

    def fields(
        self, where: str | None, split: str, names: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        """All lines, whatever the one column is called. Raises UserError if more are asked for."""
        if len(names) != 1:
            raise UserError(f"data.corpus: plain text has one column, not {', '.join(names)}")
        for line in lines(self.files(where, split, "")[0]):
            yield (line,)
