"""XLIFF 1.2 and 2.x as a corpus: segments that have a target, inline elements left out."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from regard.data.corpus.base import FilesConfig, Row, find, folder, languages
from regard.data.corpus.tmx import local, primary
from regard.recipe import UserError


class Config(FilesConfig):
    """The file of each split (.xliff or .xlf may be left out)."""

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The one file."""
        at, name = folder(where), self.named(split)
        short = (at / f"{name}.xlf").is_file()
        return [find(at, name, ".xlf" if short else ".xliff")]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All segments with two sides.

        Raises UserError for a damaged file, or one that says it is in other languages.
        """
        (path,) = self.files(where, split, direction)
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as error:
            raise UserError(f"{path}: is no XLIFF that can be read ({error})") from None
        for part in root.iter():
            for side, keys in zip(languages(direction), SIDES, strict=True):
                named = next((part.get(key) for key in keys if part.get(key)), None)
                if named and primary(named) != side:
                    raise UserError(f"{path}: is in {named}, and the direction is {direction}")
            if local(part) in ("trans-unit", "segment"):
                sides = {local(child): child for child in part}
                if "source" in sides and "target" in sides:
                    here, there = (
                        " ".join("".join(sides[name].itertext()).split())
                        for name in ("source", "target")
                    )
                    yield Row(here, there, direction)


SIDES = (("source-language", "srcLang"), ("target-language", "trgLang"))
