"""What every kind of file has in common: units of text to translate, and bytes to put them into.

A kind is a file of this folder that defines what `Kind` says. It finds its units with a parser that
others keep; what is filled in is spliced between bytes that stay as they are.
"""

import pkgutil
import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast, runtime_checkable

from regard.recipe import UserError


class Answer(NamedTuple):
    """What goes in for a unit, how probable it is that it is good (None: nobody knows), and why
    it, or a part of it, is the source for want of better ("": it is not).
    """

    text: str
    confidence: float | None = None
    left: str = ""

    @property
    def note(self) -> str:
        """What a translator is told of it; "" if nothing is known."""
        if self.left:
            return f"left as the source: {self.left}"
        return "" if self.confidence is None else f"{self.confidence:.2f}"


def joined(answers: Sequence[Answer]) -> Answer:
    """Answers to the parts of something as one: no better known than the least of them."""
    known = [answer.confidence for answer in answers]
    least = None if None in known else min((x for x in known if x is not None), default=None)
    left = next((answer.left for answer in answers if answer.left), "")
    return Answer("".join(answer.text for answer in answers), least, left)


class Document(Protocol):
    """A file that has been read."""

    units: Sequence[str]  # what is still to be translated, in order; a unit may have several lines
    language: str | None  # that it is to be translated into, if the file says so

    def fits(self, number: int, text: str) -> bool:
        """Can this stand for that unit, and the file stay what it is?"""
        return True

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """The file with an answer to each unit (None: the unit stays as it is); whatever else it
        holds, byte for byte.
        """


@runtime_checkable
class Many(Protocol):
    """A document of many languages, whose units depend on the direction."""

    def aimed(self, source: str, target: str) -> Document:
        """The document for two of them. Raises UserError if it does not hold the first."""


class Kind(Protocol):
    """What the file of a kind defines; a library it needs is imported only inside functions."""

    SUFFIXES: tuple[str, ...]

    def read(self, data: bytes, name: str) -> Document:
        """Raises UserError, which names the file and the place, for what is not of this kind."""


@cache
def kinds() -> dict[str, Kind]:
    """By suffix."""
    here = Path(__file__).parent
    names = [m.name for m in pkgutil.iter_modules([str(here)])]
    names = [name for name in names if name not in OTHERS and name[0] != "_"]
    found = [cast(Kind, import_module(f"regard.files.{name}")) for name in names]
    return {suffix: kind for kind in found for suffix in kind.SUFFIXES}


OTHERS = ("base", "filling")  # files here that are no kind


def decoded(data: bytes, name: str, charset: str = "utf-8") -> str:
    """The text. Raises UserError naming the first line that is not of this charset."""
    try:
        return data.decode(charset)
    except LookupError:
        raise UserError(f"{name}: no such charset as {charset}") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{name}, line {line}: is not {charset}; save it as UTF-8") from None


def with_ends(text: str) -> list[str]:
    """Its lines, ends included; a line ends at a line feed only."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
