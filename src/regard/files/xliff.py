"""XLIFF 1.2 and 2.x: segments without a target get one, marked as not yet reviewed."""

import re
from collections.abc import Sequence

from regard.files._xml import Element, charset, markup, parsed, plain
from regard.files.base import Answer
from regard.recipe import UserError

SUFFIXES = (".xliff", ".xlf", ".sdlxliff", ".mqxliff")
TODO = {"new", "needs-translation", "initial", ""}  # states of a target that is none yet


def read(data: bytes, name: str) -> "Exchange":
    """Raises UserError with the place of what is wrong."""
    root = parsed(data, name)
    if root.name != "xliff":
        raise UserError(f"{name}: its root is <{root.name}>, not <xliff>")
    return Exchange(data, root, name)


class Exchange:
    """See `files.base.Document`; a unit is what a source holds, inline elements included."""

    def __init__(self, data: bytes, root: Element, name: str):
        self.data, self.name, self.charset = data, name, charset(data)
        self.second = root.attributes.get("version", "1").startswith("2")
        said = [e.attributes.get(a) for e in root.walk() for a in ("target-language", "trgLang")]
        self.language = next((x.split("-")[0].split("_")[0] for x in said if x), None)
        self.segments = [e for e in translatable(root) if e.name in ("trans-unit", "segment")]
        self.empty = [s for s in self.segments if self.untranslated(s)]
        self.units = [plain(self.inner(s.child("source"))) for s in self.empty]

    def inner(self, element: Element | None) -> str:
        """What an element holds, as it is written."""
        if element is None:
            return ""
        return self.data[element.open : element.close].decode(self.charset)

    def untranslated(self, segment: Element) -> bool:
        """Is there something to say, and nothing said yet?"""
        target = segment.child("target")
        if not self.inner(segment.child("source")).strip():
            return False
        return target is None or not self.inner(target).strip()

    def filled(self, answers: Sequence[Answer]) -> bytes:
        """See `files.base.Document`. Raises UserError if an answer has no place in its charset."""
        out, at = [], 0
        for segment, answer in zip(self.empty, answers, strict=True):
            for start, end, text in self.edits(segment, answer):
                out += [self.data[at:start], text.encode(self.charset, "xmlcharrefreplace")]
                at = end
        return b"".join([*out, self.data[at:]])

    def edits(self, segment: Element, answer: Answer) -> list[tuple[int, int, str]]:
        """Bytes from, to, and what stands there instead; in order."""
        source, target = segment.child("source"), segment.child("target")
        assert source is not None
        inner = self.inner(source)
        text = markup(answer.text, inner)
        text = inner if text is None else text
        tag = self.data[source.start : source.open].decode(self.charset)
        prefix = re.match(r"<((?:[\w.-]+:)?)", tag)[1]  # type: ignore[index]
        state = "" if self.second else ' state="needs-review-translation"'
        made = f"<{prefix}target{state}>{text}</{prefix}target>"
        edits = []
        if self.second and segment.attributes.get("state", "") in TODO:
            edits.append(self.stated(segment))
        if target is not None:
            return [*edits, (target.start, target.end, made)]
        line = self.data[: source.start].rpartition(b"\n")[2]
        indent = "\n" + line.decode(self.charset) if not line.strip() else ""
        return [*edits, (source.end, source.end, indent + made)]

    def stated(self, segment: Element) -> tuple[int, int, str]:
        """The segment's start tag with the state of what is translated and not reviewed."""
        tag = self.data[segment.start : segment.open].decode(self.charset)
        bare = re.sub(r"""\s+state\s*=\s*(?:"[^"]*"|'[^']*')""", "", tag)
        named = re.sub(r"^(<[\w:.-]+)", r'\1 state="translated"', bare)
        return segment.start, segment.open, named


def translatable(element: Element) -> list[Element]:
    """It and all below it but what is not to be translated."""
    if element.attributes.get("translate") == "no":
        return []
    return [element, *(found for child in element.children for found in translatable(child))]
