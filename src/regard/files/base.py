"""What every kind of file has in common: units of text to translate, and bytes to put them into.

A kind is a file of this folder that defines what `Kind` says. It finds its units with a parser that
others keep; what is filled in is spliced between bytes that stay as they are.
"""

import pkgutil
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from regard.recipe import UserError


class Answer(NamedTuple):
    """What goes in for a unit, and whether it is the source itself for want of better."""

    text: str
    source: bool = False


class Document(Protocol):
    """A file that has been read."""

    units: Sequence[str]  # what is still to be translated, in order; a unit may have several lines
    language: str | None  # that it is to be translated into, if the file says so

    def filled(self, answers: Sequence[Answer]) -> bytes:
        """The file with an answer to each unit; whatever else it holds, byte for byte."""


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


class Edit(NamedTuple):
    """Lines `first` to `last` (not itself) become `text`."""

    first: int
    last: int
    text: str


def spliced(lines: Sequence[str], edits: Iterable[Edit]) -> str:
    """The lines with these edits, of which none overlaps another."""
    out, at = [], 0
    for edit in sorted(edits):
        out += [*lines[at : edit.first], edit.text]
        at = edit.last
    return "".join([*out, *lines[at:]])


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
