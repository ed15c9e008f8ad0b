"""One JSON object a line, whose keys are the languages: `{"de": "Hallo.", "en": "Hello."}`."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from regard.data.corpus.base import FilesConfig, Row, find, folder, languages, lines, text
from regard.recipe import UserError


class Config(FilesConfig):
    """The file of each split (.jsonl may be left out); `columns` says which key is a language.

    A line break inside a text becomes a space, unless `breaks` says to keep it, as programs need.
    """

    columns: dict[str, str] = {}
    breaks: bool = False

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The one file."""
        return [find(folder(where), self.named(split), ".jsonl")]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All rows of a split: see `fields`."""
        for source, target in self.fields(where, split, languages(direction)):
            yield Row(source, target, direction)

    def fields(
        self, where: str | None, split: str, names: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        """What all rows of a split have under these keys.

        Raises UserError for a line that is no object with a text under each.
        """
        path = find(folder(where), self.named(split), ".jsonl")
        keys = [self.columns.get(name, name) for name in names]
        for number, line in enumerate(lines(path), 1):
            here = f"{path}, line {number}"
            found = parse(line, here)
            yield tuple(text(found, key, here, self.breaks) for key in keys)


def parse(line: str, here: str) -> dict[str, Any]:
    """The object of a line."""
    try:
        fields = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise UserError(f"{here}: every line must be one JSON object")
    return fields
