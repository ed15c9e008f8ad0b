"""XLIFF 1.2 and 2.x: segments without a target get one, marked as not yet reviewed."""

import re
from collections.abc import Iterator, Sequence

from regard.data.corpus.tmx import primary
from regard.files import _xml
from regard.files._xml import Element, charset, markup, parsed, plain, written
from regard.files.base import Answer, Document
from regard.recipe import UserError

SUFFIXES = (".xliff", ".xlf")
TODO = {"new", "needs-translation", "initial", ""}  # states of a target that is none yet


def read(data: bytes, name: str) -> "Exchange":
    """Raises UserError with the place of what is wrong."""
    root = parsed(data, name)
    if root.name != "xliff":
        raise UserError(f"{name}: its root is <{root.name}>, not <xliff>")
    return Exchange(data, root)


class Exchange(Document):
    """See `files.base.Document`; a unit is what a source holds, inline elements included."""

    def __init__(self, data: bytes, root: Element):
        self.data = data
        self.second = root.attributes.get("version", "1").startswith("2")
        said = [e.attributes.get(a) for e in root.walk() for a in ("target-language", "trgLang")]
        self.language = next((primary(x) for x in said if x), None)
        segments = [e for e in translatable(root) if e.name in ("trans-unit", "segment")]
        self.empty = [segment for segment in segments if self.untranslated(segment)]
        self.sources = [written(data, segment.child("source")) for segment in self.empty]
        self.units = [plain(source) for source in self.sources]

    def untranslated(self, segment: Element) -> bool:
        """Is there something to say, and nothing said yet?"""
        source, target = (written(self.data, segment.child(x)) for x in ("source", "target"))
        return bool(source.strip()) and not target.strip()

    def fits(self, number: int, text: str) -> bool:
        """Does it keep the inline elements of its unit, one in another as they were?"""
        return markup(text, self.sources[number]) is not None

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`; an answer that does not fit stays out."""
        edits: list[tuple[int, int, str]] = []
        for segment, source, answer in zip(self.empty, self.sources, answers, strict=True):
            text = markup(answer.text, source) if answer else None
            if answer and text is not None:
                edits += self.edits(segment, answer, text)
        return _xml.spliced_in(self.data, edits)

    def edits(self, segment: Element, answer: Answer, text: str) -> Iterator[tuple[int, int, str]]:
        """Those of a segment: its target, its state, what is known of the answer."""
        source, target = segment.child("source"), segment.child("target")
        assert source is not None
        space, note = _xml.prefix(self.data, source), ""
        if answer.note and not self.second:
            note = f'<{space}note from="regard">{answer.note}</{space}note>'
        old = next((e for e in segment.children if e.attributes.get("from") == "regard"), None)
        if old is not None:
            yield old.start, old.end, note
            note = ""
        state = "" if self.second else f" {trust(answer)}"
        made = f"<{space}target{state}>{text}</{space}target>{note}"
        yield (target.start, target.end, made) if target else _xml.behind(self.data, source, made)
        if self.second and not answer.left and segment.attributes.get("state", "") in TODO:
            yield self.stated(segment, answer)

    def stated(self, segment: Element, answer: Answer) -> tuple[int, int, str]:
        """The segment's start tag with the state of what is translated and not reviewed."""
        tag = self.data[segment.start : segment.open].decode(charset(self.data))
        bare = re.sub(r"""\s+(?:state|subState)\s*=\s*(?:"[^"]*"|'[^']*')""", "", tag)
        known = "" if answer.confidence is None else f' subState="regard:{answer.confidence:.2f}"'
        named = re.sub(r"^(<[\w:.-]+)", rf'\1 state="translated"{known}', bare)
        return segment.start, segment.open, named


def trust(answer: Answer) -> str:
    """What version 1.2 says of a target."""
    if answer.left:
        return 'state="needs-translation"'
    return 'state="needs-review-translation" state-qualifier="leveraged-mt"'


def translatable(element: Element) -> list[Element]:
    """It and all below it but what is not to be translated."""
    if element.attributes.get("translate") == "no":
        return []
    return [element, *(found for child in element.children for found in translatable(child))]
