"""Markdown: paragraphs, headings, list items, table cells; code, HTML blocks, front matter stay.

markdown-it-py says on which lines a text stands; a paragraph over several lines comes back on one.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from regard.data.splicing import spliced
from regard.files.base import Answer, Document, decoded, with_ends

SUFFIXES = (".md", ".markdown")
FRONT = re.compile(r"---\r?\n.*?^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
BREAK = re.compile(r"(?: {2,}|\\)\n")  # that the writer wanted


class Place(NamedTuple):
    """Where a unit stands: characters from, to."""

    start: int
    end: int


def read(data: bytes, name: str) -> "Markdown":
    """Every text is Markdown. Raises UserError if it is not UTF-8."""
    return Markdown(decoded(data, name))


class Markdown(Document):
    """See `files.base.Document`."""

    language = None

    def __init__(self, text: str):
        front = FRONT.match(text)
        self.text, after = text, front.end() if front else 0
        self.places = list(found(text, after))
        self.units = [" ".join(line.strip() for line in self.lines(place)) for place in self.places]

    def lines(self, place: Place) -> list[str]:
        """Those of a unit; what marks a quotation or an item is left out behind the first."""
        first, *rest = self.text[place.start : place.end].split("\n")
        return [first, *(re.sub(r"^[\s>]+", "", line) for line in rest)]

    def fits(self, number: int, text: str) -> bool:
        """Would it be read as one paragraph, and not as a list, a heading or a table's row?"""
        kinds = [token.type for token in parser().parse(text)]
        return kinds == ["paragraph_open", "inline", "paragraph_close"] and "\n" not in text

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`."""
        given = zip(self.places, answers, strict=True)
        return spliced(self.text, [(*at, said.text) for at, said in given if said]).encode()


def parser() -> Any:
    """CommonMark and tables."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def found(text: str, after: int) -> Iterator[Place]:
    """Where texts stand, in order, none in another."""
    lines = with_ends(text[after:])
    starts = [after]
    for line in lines:
        starts.append(starts[-1] + len(line))
    at = after
    for token in parser().parse(text[after:]):
        if token.type != "inline" or not token.content.strip():
            continue
        first, last = token.map
        for part in BREAK.split(token.content):
            place = located(text, part.split("\n"), max(at, starts[first]), starts[last])
            if place is not None:
                yield place
                at = place.end


def located(text: str, lines: Sequence[str], low: int, high: int) -> Place | None:
    """Where these lines stand, one after another, between two characters; None if they do not."""
    ends, at = [], low
    for line in lines:
        start = text.find(line.strip(), at, high)
        if start < 0 or not line.strip():
            return None
        at = start + len(line.strip())
        ends.append((start, at))
    between = [text[a[1] : b[0]] for a, b in pairwise(ends)]
    if any(gap.count("\n") != 1 or gap.strip(" \t\r\n>") for gap in between):
        return None
    return Place(ends[0][0], ends[-1][1])
