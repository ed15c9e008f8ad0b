"""Gettext catalogues: sources and their translations. Fuzzy, empty and obsolete entries are left
out, and of a plural all but the first and the last form.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regard.data.corpus.base import FilesConfig, Row, folder, languages
from regard.recipe import UserError


class Config(FilesConfig):
    """The file of each split (.po may be left out), or a pattern such as ko/*.po; `source`: the
    language of its sources. Line breaks become spaces.
    """

    source: str = "en"

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The catalogues, by name. Raises UserError if there is none."""
        at, name = folder(where), self.named(split)
        found = sorted(at.glob(name)) or sorted(at.glob(f"{name}.po"))
        found = [path for path in found if path.name[0] != "."]  # such as a killed writer leaves
        if not found:
            raise UserError(f"{at}: no catalogue {name}.po; ko/*.po would name several")
        return found

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All that is translated.

        Raises UserError if neither side of the direction is `source`, or for a damaged file.
        """
        sides = languages(direction)
        if self.source not in sides:
            raise UserError(f"data.corpus.source: {self.source} is no side of {direction}")
        for path in self.files(where, split, direction):
            for entry in catalogue(path):
                if entry.obsolete or entry.fuzzy:
                    continue
                for pair in pairs(entry):
                    here, there = (" ".join(text.split("\n")).strip() for text in pair)
                    if here and there:
                        row = (here, there) if sides[0] == self.source else (there, here)
                        yield Row(*row, direction)


def library() -> Any:
    """polib. Raises UserError if it is missing."""
    try:
        import polib
    except ImportError:
        raise UserError("polib is not installed: pip install 'regard[files]'") from None
    return polib


def catalogue(path: Path) -> Any:
    """What polib reads there. Raises UserError if it is missing, or the file is damaged."""
    try:
        return library().pofile(str(path))
    except (OSError, ValueError, LookupError) as error:
        raise UserError(f"{path}: is no catalogue that can be read ({error})") from None


def pairs(entry: Any) -> list[tuple[str, str]]:
    """Source and translation, of a plural its first and last form."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    forms = [entry.msgstr_plural[form] for form in sorted(entry.msgstr_plural)]
    one = [(entry.msgid, forms[0])] if len(forms) > 1 else []
    return [*one, (entry.msgid_plural, forms[-1])] if forms else []
