"""Translation memories (TMX 1.4): units that lack a language get a segment in it."""

from collections import Counter
from collections.abc import Sequence

from regard.data.corpus.tmx import primary
from regard.files._xml import Element, behind, markup, parsed, plain, prefix, spliced_in, written
from regard.files.base import Answer, Document
from regard.recipe import UserError

SUFFIXES = (".tmx",)


def read(data: bytes, name: str) -> "Memory":
    """Raises UserError with the place of what is wrong."""
    root = parsed(data, name)
    if root.name != "tmx":
        raise UserError(f"{name}: its root is <{root.name}>, not <tmx>")
    return Memory(data, root, name)


class Memory(Document):
    """See `files.base.Many`; before it is aimed, nothing in it lacks anything."""

    language = None

    def __init__(
        self, data: bytes, root: Element, name: str, direction: tuple[str, str] = ("", "")
    ):
        self.data, self.root, self.name = data, root, name
        source, target = direction
        units = [variants(unit) for unit in root.walk() if unit.name == "tu"]
        self.known = Counter(language for unit in units for language in unit)
        self.empty = [
            unit for unit in units if self.said(unit, source) and not self.said(unit, target)
        ]
        self.sources = [self.said(unit, source) for unit in self.empty]
        self.units = [plain(said) for said in self.sources]
        # as the file names it elsewhere, region and all
        names = Counter(code(v) for unit in units for k, v in unit.items() if k == target)
        self.target, self.code = target, max(names, key=names.__getitem__, default=target)

    def aimed(self, source: str, target: str) -> "Memory":
        """See `files.base.Many`."""
        if source not in self.known:
            has = ", ".join(sorted(self.known)) or "no language"
            raise UserError(f"{self.name}: no unit is in {source}; it holds {has}")
        return Memory(self.data, self.root, self.name, (source, target))

    def said(self, unit: dict[str, Element], language: str) -> str:
        """A unit's segment in a language, as it is written; "" if it has none."""
        variant = unit.get(language)
        return written(self.data, variant.child("seg")).strip() if variant else ""

    def fits(self, number: int, text: str) -> bool:
        """Does it keep the inline elements of its unit, one in another as they were?"""
        return markup(text, self.sources[number]) is not None

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`; an answer that does not fit stays out."""
        edits = []
        for unit, source, answer in zip(self.empty, self.sources, answers, strict=True):
            text = markup(answer.text, source) if answer else None
            if answer and text is not None:
                edits.append(self.edit(unit, answer, text))
        return spliced_in(self.data, edits)

    def edit(self, unit: dict[str, Element], answer: Answer, text: str) -> tuple[int, int, str]:
        """A variant behind the last one, or in the place of an empty one."""
        last = max(unit.values(), key=lambda variant: variant.end)
        space = prefix(self.data, last)
        note = f"<{space}note>regard: {answer.note}</{space}note>" if answer.note else ""
        made = (
            f'<{space}tuv xml:lang="{self.code}" creationtool="regard">{note}'
            f"<{space}seg>{text}</{space}seg></{space}tuv>"
        )
        empty = unit.get(self.target)
        return (empty.start, empty.end, made) if empty else behind(self.data, last, made)


def variants(unit: Element) -> dict[str, Element]:
    """Those of a unit by language, of several in one the first."""
    found = [child for child in unit.children if child.name == "tuv" and code(child)]
    return {primary(code(variant)): variant for variant in reversed(found)}


def code(variant: Element) -> str:
    """Its language as it is written; "" if it names none."""
    return variant.attributes.get("xml:lang") or variant.attributes.get("lang") or ""
