"""Where the elements of an XML file lie, byte for byte: expat parses, offsets are kept.

What an element holds becomes text for a translator: its inline elements stay as they are written
and count as marks, everything else is plain. Back again, only those very elements are markup.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from xml.parsers import expat
from xml.sax.saxutils import escape

from regard.data.marks import KINDS
from regard.data.splicing import spliced
from regard.recipe import UserError

ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # that XML cannot hold
# Elements of HTML that have no end tag.
VOID = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
    "track", "wbr",
}  # fmt: skip
# A tag, or a code of TMX and XLIFF with what it holds.
TAG = re.compile(rf"{KINDS['code']}|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)


@dataclass
class Element:
    """An element: its name without a prefix, its attributes, the bytes of its tags and content."""

    name: str
    attributes: dict[str, str]
    start: int  # of its start tag
    open: int = 0  # where its start tag ends and its content begins
    close: int = 0  # where its content ends
    end: int = 0  # where its end tag ends
    children: list["Element"] = field(default_factory=list)

    def walk(self) -> Iterator["Element"]:
        """It and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def child(self, name: str) -> "Element | None":
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)


def parsed(data: bytes, name: str) -> Element:
    """The root. Raises UserError with the place of what is wrong."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    root: list[Element] = []
    above: list[Element] = []

    def starts(tag: str, attributes: dict[str, str]) -> None:
        at = parser.CurrentByteIndex
        element = Element(tag.rpartition(":")[2], attributes, at, end_of_tag(data, at))
        (above[-1].children if above else root).append(element)
        above.append(element)

    def ends(tag: str) -> None:
        element, at = above.pop(), parser.CurrentByteIndex
        empty = data[element.open - 2 : element.open] == b"/>"
        element.close = element.open if empty else at
        element.end = element.open if empty else end_of_tag(data, at)

    parser.StartElementHandler, parser.EndElementHandler = starts, ends
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{name}: is UTF-16; save it as UTF-8")
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = getattr(error, "lineno", 1)
        said = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else error
        raise UserError(f"{name}, line {line}: is no well-formed XML ({said})") from None
    return root[0]


def end_of_tag(data: bytes, at: int) -> int:
    """Where the tag that starts at `at` ends; a > between quotes is none."""
    quote = 0
    for place in range(at, len(data)):
        byte = data[place]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return place + 1
    return len(data)


def charset(data: bytes) -> str:
    """That of its declaration."""
    said = re.match(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", data)
    return said[1].decode("ascii") if said else "utf-8"


def written(data: bytes, element: Element | None) -> str:
    """What an element holds, as it is written; "" if there is none."""
    return "" if element is None else data[element.open : element.close].decode(charset(data))


def prefix(data: bytes, element: Element) -> str:
    """What stands before its name, colon included."""
    found = re.match(rb"<((?:[^\s<>/:]+:)?)", data[element.start : element.open])
    return found[1].decode(charset(data)) if found else ""


def spliced_in(data: bytes, edits: Iterable[tuple[int, int, str]]) -> bytes:
    """The bytes with these edits; a character that their charset lacks is written by its number."""
    said = charset(data)
    return spliced(data, [(a, b, new.encode(said, "xmlcharrefreplace")) for a, b, new in edits])


def behind(data: bytes, element: Element, new: str) -> tuple[int, int, str]:
    """An edit that puts something new behind an element, on a line of its own if that has one."""
    at = data.rfind(b"\n", 0, element.start) + 1
    line = data[at : element.start]
    end = "\r\n" if data[at - 2 : at] == b"\r\n" else "\n"
    indent = "" if line.strip() or not at else end + line.decode(charset(data))
    return element.end, element.end, indent + new


def plain(inner: str) -> str:
    """Content as text: inline elements as they are written, everything else unescaped."""
    out, at = [], 0
    for tag in TAG.finditer(inner):
        out += [unescape(inner[at : tag.start()]), tag[0]]
        at = tag.end()
    return "".join([*out, unescape(inner[at:])])


def markup(text: str, like: str) -> str | None:
    """Text as content: the tags of `like` stay, everything else is escaped.

    None if one of them is missing or there twice, if they do not open and close in turn, or if a
    character has no place in XML.
    """
    tags = tags_of(like)
    between = re.split("(" + "|".join(map(re.escape, set(tags))) + ")", text) if tags else [text]
    given = [x for x in between if x in tags]
    if Counter(given) != Counter(tags) or not nested(given) or ODD.search(text):
        return None
    return "".join(x if x in tags else escape(x) for x in between)


def tags_of(inner: str) -> list[str]:
    """Its tags, in order, and codes as one."""
    return [tag[0] for tag in TAG.finditer(inner)]


def nested(tags: Sequence[str]) -> bool:
    """Does every tag that opens close, the last one first?"""
    open_: list[str] = []
    for tag in tags:
        name = re.match(r"</?([^\s/>]*)", tag)[1].lower()  # type: ignore[index]
        if tag.startswith("</"):
            if not open_ or open_.pop() != name:
                return False
        elif not (tag.endswith(("/>", f"</{name}>")) or tag[1] in "!?" or name in VOID):
            open_.append(name)
    return not open_
