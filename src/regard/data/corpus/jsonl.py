"""One JSON object a line, whose keys are the languages: `{"de": "Hallo.", "en": "Hello."}`."""

import json
from typing import Any

from regard.data.corpus.base import FilesConfig, Row, find, folder, languages, lines, text
from regard.recipe import UserError


class Config(FilesConfig):
    """The file of each split (.jsonl may be left out); `columns` says which key is a language.

    A line break inside a text becomes a space.
    """

    columns: dict[str, str] = {}

    def read(self, where: str | None, split: str, direction: str) -> list[Row]:
        """All rows of a split.

        Raises UserError for a line that is no object with a text under both keys.
        """
        path = find(folder(where), self.named(split), ".jsonl")
        keys = [self.columns.get(language, language) for language in languages(direction)]
        rows = []
        for number, line in enumerate(lines(path), 1):
            here = f"{path}, line {number}"
            fields = parse(line, here)
            source, target = (text(fields, key, here) for key in keys)
            rows.append(Row(source, target, direction))
        return rows


def parse(line: str, here: str) -> dict[str, Any]:
    """The object of a line."""
    try:
        fields = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise UserError(f"{here}: every line must be one JSON object")
    return fields
