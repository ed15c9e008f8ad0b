"""Gettext catalogues: polib says what they mean, their lines are found again and only those change.

What is empty is filled and marked fuzzy; comments, references, headers, order, obsolete entries and
all that is translated already, fuzzy or not, stay byte for byte.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from regard.files.base import Answer, Edit, decoded, spliced, with_ends
from regard.recipe import UserError

SUFFIXES = (".po", ".pot")
WIDTH = 76  # characters of a line between its quotes
_STRING = re.compile(r'^(?:(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d+)\])?\s*)?"(.*)"\s*$')
_COUNT = re.compile(r"nplurals\s*=\s*(\d+)")


def library() -> Any:
    """polib. Raises UserError if it is missing."""
    try:
        import polib
    except ImportError:
        raise UserError("polib is not installed: pip install 'regard[files]'") from None
    return polib


@dataclass
class Entry:
    """An entry's place: line numbers from 0, values as they stand, escapes and all."""

    start: int  # of its first keyword
    flags: int | None = None  # the line of its flags
    values: dict[str, str] = field(default_factory=dict)  # msgid, msgid_plural, msgctxt
    forms: dict[int, list[int]] = field(default_factory=dict)  # of msgstr: first and last line
    written: dict[int, str] = field(default_factory=dict)  # of msgstr: what it holds

    @property
    def empty(self) -> bool:
        """Is nothing of it translated? (The header has no source.)"""
        return bool(self.values.get("msgid")) and not any(self.written.values())


def read(data: bytes, name: str) -> "Catalogue":
    """A catalogue. Raises UserError with the line at fault."""
    text, charset = told(data, name)
    lines = with_ends(text)
    entries = list(scanned(lines, name))
    checked(text, entries, name)
    return Catalogue(lines, entries, charset, name)


def told(data: bytes, name: str) -> tuple[str, str]:
    """Text and character set, which its header names."""
    said = re.search(rb"charset=([\w.:-]+)", data[:4096])
    charset = said[1].decode("ascii", "replace") if said else "utf-8"
    if charset == "CHARSET":  # of a template that nobody has filled in
        charset = "utf-8"
    return decoded(data, name, charset), charset


def scanned(lines: Sequence[str], name: str) -> Iterator[Entry]:
    """The entries, without obsolete ones."""
    entry: Entry | None = None
    flags, key, form = None, "", 0
    for number, line in enumerate(lines):
        found = _STRING.match(line.strip())
        if found is None:
            if line.strip() and not line.lstrip().startswith("#"):
                raise UserError(f"{name}, line {number + 1}: is neither comment nor string")
            if line.startswith(("#,", "#~")):  # those of an obsolete entry are nobody's
                flags = number if line[1] == "," else None
            key = ""
            if entry is not None and entry.forms:
                yield entry
                entry = None
            continue
        keyword, index, value = found.groups()
        if keyword in ("msgctxt", "msgid") and (entry is None or entry.forms):
            if entry is not None:
                yield entry
                flags = None
            entry, flags = Entry(number, flags), None
        if entry is None or not (keyword or key):
            raise UserError(f"{name}, line {number + 1}: a string that belongs to no entry")
        key, form = (keyword, int(index or 0)) if keyword else (key, form)
        if key == "msgstr":
            entry.written[form] = entry.written.get(form, "") + value
            entry.forms.setdefault(form, [number, number])[1] = number + 1
        else:
            entry.values[key] = entry.values.get(key, "") + value
    if entry is not None and entry.forms:
        yield entry


def checked(text: str, entries: Sequence[Entry], name: str) -> None:
    """Raises UserError if polib does not read it, or reads something else."""
    polib = library()
    try:
        catalogue = polib.pofile(text, check_for_duplicates=False)
    except (OSError, ValueError, IndexError) as error:
        said = re.search(r"\(line (\d+)\)", str(error))
        place = f", line {said[1]}" if said else ""
        raise UserError(f"{name}{place}: is no gettext catalogue that can be read") from None
    theirs = [entry.msgid for entry in catalogue if not entry.obsolete]
    ours = [polib.unescape(e.values.get("msgid", "")) for e in entries]
    ours = ours[1:] if ours[:1] == [""] else ours
    if theirs != ours:
        raise UserError(f"{name}: {len(theirs)} entries by polib, {len(ours)} by their lines; "
                        "tidy it first: msgcat")  # fmt: skip


class Catalogue:
    """See `files.base.Document`; each form of a plural is a unit of its own."""

    def __init__(self, lines: list[str], entries: list[Entry], charset: str, name: str):
        polib = library()
        self.lines, self.charset, self.name = lines, charset, name
        self.empty = [entry for entry in entries if entry.empty]
        header = next((e.written.get(0, "") for e in entries if not e.values.get("msgid")), "")
        said: dict[str, str] = dict(
            line.split(":", 1) for line in polib.unescape(header).split("\n") if ":" in line
        )
        self.language = said.get("Language", "").strip().split("_")[0].split("@")[0] or None
        count = _COUNT.search(said.get("Plural-Forms", ""))
        self.plurals = int(count[1]) if count else 2
        self.places = [(entry, form) for entry in self.empty for form in self.forms(entry)]
        self.units = [polib.unescape(self.source(entry, form)) for entry, form in self.places]

    def forms(self, entry: Entry) -> list[int]:
        """Numbers of the forms that its language has."""
        return list(range(self.plurals)) if "msgid_plural" in entry.values else [0]

    def source(self, entry: Entry, form: int) -> str:
        """What a form is to say: the first of several the singular, all others the plural."""
        plural = "msgid_plural" in entry.values and (form > 0 or self.plurals == 1)
        return entry.values["msgid_plural" if plural else "msgid"]

    def filled(self, answers: Sequence[Answer]) -> bytes:
        """See `files.base.Document`. Raises UserError if an answer has no place in its charset."""
        texts = {
            (id(entry), form): answer.text
            for (entry, form), answer in zip(self.places, answers, strict=True)
        }
        edits = [edit for entry in self.empty for edit in self.edits(entry, texts)]
        try:
            return spliced(self.lines, edits).encode(self.charset)
        except UnicodeEncodeError as error:
            odd = error.object[error.start]
            raise UserError(f"{self.name}: {self.charset} has no {odd!r}: convert it to UTF-8 first"
                            ": msgconv -t UTF-8") from None  # fmt: skip

    def edits(self, entry: Entry, texts: dict[tuple[int, int], str]) -> Iterator[Edit]:
        """Those of an entry: its flags, its forms."""
        end = "\r\n" if self.lines[entry.start].endswith("\r\n") else "\n"
        plural = "msgid_plural" in entry.values
        if entry.flags is None:
            yield Edit(entry.start, entry.start, f"#, fuzzy{end}")
        elif "fuzzy" not in self.lines[entry.flags]:
            line = self.lines[entry.flags].replace("#,", "#, fuzzy,", 1)
            yield Edit(entry.flags, entry.flags + 1, line)
        first = min(low for low, _ in entry.forms.values())
        last = max(high for _, high in entry.forms.values())
        written = [
            quoted(f"msgstr[{form}]" if plural else "msgstr", texts[id(entry), form], end)
            for form in self.forms(entry)
        ]
        yield Edit(first, last, "".join(written))


def quoted(keyword: str, text: str, end: str) -> str:
    """A keyword and its string, on several lines where it has several or is long."""
    escape = library().escape
    parts = [part for line in with_ends(text) for part in wrapped(escape(line))]
    if len(parts) > 1:
        parts.insert(0, "")
    first, *rest = parts or [""]
    return "".join([f'{keyword} "{first}"{end}', *(f'"{part}"{end}' for part in rest)])


def wrapped(text: str) -> Iterator[str]:
    """Pieces that end behind a space, no longer than `WIDTH` where there is one."""
    piece = ""
    for word in re.findall(r"[^ ]* +|[^ ]+", text):
        if piece and len(piece) + len(word) > WIDTH:
            yield piece
            piece = ""
        piece += word
    if piece:
        yield piece
