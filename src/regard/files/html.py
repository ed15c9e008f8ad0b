"""HTML: the text between block elements, inline elements in it; scripts, styles, code stay.

Python's own parser says where tags stand. What asks not to be translated is left alone.
"""

from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from regard.data.splicing import spliced
from regard.files._xml import VOID, markup, plain
from regard.files.base import Answer, Document, decoded

SUFFIXES = (".html", ".htm", ".xhtml")
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "dfn", "em", "font", "i",
    "img", "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time",
    "tt", "u", "var", "wbr",
}  # fmt: skip
SILENT = {
    "script", "style", "pre", "textarea", "noscript", "template", "svg", "math", "head",
}  # fmt: skip


def read(data: bytes, name: str) -> "Page":
    """Every text is HTML. Raises UserError if it is not UTF-8."""
    return Page(decoded(data, name))


class Page(Document):
    """See `files.base.Document`; a unit is a run of text and inline elements."""

    language = None

    def __init__(self, text: str):
        self.text = text
        self.places = [place for place in runs(text) if plain(text[slice(*place)]).strip()]
        self.units = [plain(text[slice(*place)]) for place in self.places]

    def fits(self, number: int, text: str) -> bool:
        """Does it keep the tags of its unit, one in another as they were?"""
        return markup(text, self.text[slice(*self.places[number])]) is not None

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`; an answer that does not fit stays out."""
        given = zip(self.places, answers, strict=True)
        made = [(*at, markup(said.text, self.text[slice(*at)])) for at, said in given if said]
        edits = [(start, end, text) for start, end, text in made if text is not None]
        return spliced(self.text, edits).encode()


class Tags(HTMLParser):
    """Tags, comments and declarations with their places: (name, start, whether it opens)."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=False)
        self.starts = [0]
        for line in text.split("\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.found: list[tuple[str, int, bool]] = []
        self.feed(text)
        self.close()

    def note(self, name: str, opens: bool) -> None:
        """Where it is now."""
        line, column = self.getpos()
        self.found.append((name, self.starts[line - 1] + column, opens))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag; what asks to stay as it is gets a name of its own."""
        said = dict(attrs)
        stays = said.get("translate") == "no" or "notranslate" in (said.get("class") or "").split()
        self.note("!" + tag if stays and tag not in VOID else tag, True)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One without content."""
        self.note(tag if tag in INLINE else "!", False)

    def handle_endtag(self, tag: str) -> None:
        """Its end."""
        self.note(tag, False)

    def handle_comment(self, data: str) -> None:
        """As a block."""
        self.note("!", False)

    def handle_decl(self, decl: str) -> None:
        """As a block."""
        self.note("!", False)


def runs(text: str) -> Iterator[tuple[int, int]]:
    """From where to where text runs without a block's tag, white space at its ends left out."""
    silent: list[str] = []  # elements that stay as they are, those within the first one too
    start: int | None = 0
    for name, at, opens in Tags(text).found:
        tag = name.lstrip("!")
        if silent:
            if opens and tag == silent[0]:
                silent.append(tag)
            elif not opens and tag == silent[0]:
                silent.pop()
                start = None if silent else after(text, at)
            continue
        if opens and (name in SILENT or name.startswith("!")) and name != "!":
            silent.append(tag)
        elif tag in INLINE and name != "!":
            continue
        if start is not None:
            yield from trimmed(text, start, at)
        start = None if silent else after(text, at)
    if start is not None:
        yield from trimmed(text, start, len(text))


def after(text: str, at: int) -> int:
    """Where the tag at this place ends."""
    if text.startswith("<!--", at):
        end = text.find("-->", at)
        return len(text) if end < 0 else end + 3
    quote = ""
    for place in range(at, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and text[place - 1] == "=":
            quote = character
        elif character == ">":
            return place + 1
    return len(text)


def trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """It without white space at its ends, if anything is left."""
    bare = text[start:end].strip()
    if bare:
        at = text.index(bare, start)
        yield at, at + len(bare)
