"""Translation memories (TMX 1.4): the units that have both languages, read one at a time.

A language is known by its first part: `en` finds en-GB too. Codes inside a segment (bpt, ept, it,
ph, ut) are left out, what they stand around stays.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from regard.data.corpus.base import OPENERS, FilesConfig, Row, find, folder, languages
from regard.data.marks import CODES
from regard.recipe import UserError

LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Config(FilesConfig):
    """The file of each split (.tmx may be left out)."""

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The one file."""
        return [find(folder(where), self.named(split), ".tmx")]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """The units with a segment in both languages. Raises UserError for a damaged file."""
        (path,) = self.files(where, split, direction)
        source, target = languages(direction)
        for unit in units(path):
            if source in unit and target in unit:
                yield Row(unit[source], unit[target], direction)


def units(path: Path) -> Iterator[dict[str, str]]:
    """The segments of each unit, by language."""
    try:
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            above: list[ElementTree.Element] = []
            for event, element in ElementTree.iterparse(file, ("start", "end")):
                if event == "start":
                    above.append(element)
                    continue
                above.pop()
                if local(element) == "tu":
                    yield {lang(variant): said(variant) for variant in element if lang(variant)}
                    above[-1].clear()  # what has been read is not kept
    except (ElementTree.ParseError, EOFError) as error:
        raise UserError(f"{path}: is no TMX that can be read ({error})") from None


def local(element: ElementTree.Element) -> str:
    """Its name without a namespace."""
    return element.tag.rpartition("}")[2]


def lang(variant: ElementTree.Element) -> str:
    """The first part of its language; "" if it names none."""
    return primary(variant.get(LANG) or variant.get("lang") or "")


def primary(code: str) -> str:
    """The language of a code that may name a region too: `en` of en-GB."""
    return code.replace("_", "-").split("-")[0].lower()


def said(variant: ElementTree.Element) -> str:
    """Its segment in one line."""
    found = next((child for child in variant if local(child) == "seg"), None)
    return "" if found is None else " ".join("".join(bare(found)).split())


def bare(element: ElementTree.Element) -> Iterator[str]:
    """The text in it, codes left out."""
    yield element.text or ""
    for child in element:
        if local(child) not in CODES:
            yield from bare(child)
        yield child.tail or ""
