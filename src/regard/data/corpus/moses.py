"""Two files, line by line: `train.de` beside `train.en`, plain, .gz or .xz."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from regard.data.corpus.base import FilesConfig, Row, find, folder, languages, lines
from regard.recipe import UserError


class Config(FilesConfig):
    """The name of each split, to which the language is added: `{dir}/{train}.de`."""

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """Source and target."""
        return [find(folder(where), f"{self.named(split)}.{x}") for x in languages(direction)]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All rows of a split.

        Raises UserError, with both counts, if the halves are not of equal length.
        """
        files = self.files(where, split, direction)
        halves = [lines(file) for file in files]
        for number, (source, target) in enumerate(zip_longest(*halves)):
            if source is None or target is None:
                more = [sum(1 for _ in half) for half in halves]
                here = [number + (line is not None) for line in (source, target)]
                counts = [sum(pair) for pair in zip(here, more, strict=True)]
                raise UserError(
                    f"{files[0]} has {counts[0]:,} lines but {files[1].name} has {counts[1]:,}; "
                    "line n of one must be the translation of line n of the other"
                )
            yield Row(source, target, direction)
