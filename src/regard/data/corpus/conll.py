"""A word a line, tab between its columns, a blank line between sentences, as CoNLL's tasks have it.

A sentence is a row: its words, and their tags, with a space between.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from regard.data.corpus.base import FilesConfig, Row, find, folder, lines
from regard.recipe import UserError, nearest

Place = Annotated[int, Field(ge=1)]
DOCUMENT = "-DOCSTART-"  # a line that is no word, in files of 2003


class Config(FilesConfig):
    """The file of each split (.conll may be left out); `columns` says where each stands, from 1.

    A line `# ...` without a tab is a comment.
    """

    columns: dict[str, Place] = Field(default_factory=lambda: {"text": 1, "label": 2})

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The one file."""
        return [find(folder(where), self.named(split), ".conll")]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """Nothing: raises UserError."""
        raise UserError("data.corpus: conll has tags and no second language; use moses or tsv")

    def fields(
        self, where: str | None, split: str, names: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        """These columns of all sentences. Raises UserError for a line that lacks one."""
        for name in names:
            if name not in self.columns:
                hint = nearest(name, self.columns)
                raise UserError(f"data.corpus.columns: no column {name!r}; {hint}")
        path = self.files(where, split, "")[0]
        places = [self.columns[name] for name in names]
        words: list[list[str]] = []
        for number, line in enumerate(lines(path), 1):
            comment = line.startswith("#") and "\t" not in line
            if line.strip() and not comment and not line.startswith(DOCUMENT):
                words.append(word(line.split("\t"), places, f"{path}, line {number}"))
            elif words and not line.strip():
                yield tuple(map(" ".join, zip(*words, strict=True)))
                words = []
        if words:
            yield tuple(map(" ".join, zip(*words, strict=True)))


def word(columns: list[str], places: Sequence[int], here: str) -> list[str]:
    """What a line says at these places. Raises UserError if there is nothing, or a space."""
    far = max(places)
    if far > len(columns):
        raise UserError(f"{here}: no column {far}; it has {len(columns)}, with tabs between")
    for place in places:
        if len(columns[place - 1].split()) != 1:
            raise UserError(f"{here}: column {place} is {columns[place - 1]!r}; it wants one word")
    return [columns[place - 1].strip() for place in places]
