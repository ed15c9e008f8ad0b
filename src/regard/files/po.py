"""Gettext catalogues: polib says what they mean, their lines are found again and only those change.

What is empty is filled and marked fuzzy, with a comment on how far to trust it. All other comments,
references, headers, order, obsolete entries and all that is translated already, fuzzy or not, stay
byte for byte.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from regard.data.corpus.po import library
from regard.data.splicing import respliced
from regard.files.base import Answer, Document, decoded, joined, with_ends
from regard.recipe import UserError

SUFFIXES = (".po", ".pot")
NOTE = "# regard: "  # how a comment of ours begins
WIDTH = 76  # characters of a line between its quotes
_STRING = re.compile(r'^(?:(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d+)\])?\s*)?"(.*)"\s*$')
_COUNT = re.compile(r"nplurals\s*=\s*(\d+)")


@dataclass
class Entry:
    """An entry's place: line numbers from 0, values as they stand, escapes and all."""

    start: int  # of its first keyword
    place: int  # where a translator's comment would be added
    noted: int | None = None  # the line of our own comment
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
    text, charset = text_and_charset(data, name)
    lines = with_ends(text)
    entries = list(scanned(lines, name))
    checked(text, entries, name)
    return Catalogue(lines, entries, charset, name)


def text_and_charset(data: bytes, name: str) -> tuple[str, str]:
    """A catalogue's text, and the character set that its header names."""
    said = re.search(rb"charset=([\w.:-]+)", data[:4096])
    charset = said[1].decode("ascii", "replace") if said else "utf-8"
    if charset == "CHARSET":  # of a template that nobody has filled in
        charset = "utf-8"
    return decoded(data, name, charset), charset


@dataclass
class Above:
    """The comments above an entry that is still to come, by line number."""

    place: int | None = None  # behind the translator's comments, which come first
    noted: int | None = None
    flags: int | None = None

    def see(self, number: int, line: str) -> None:
        """Go on by a line that is no string."""
        blank, kind = not line.strip(), line[1:2]
        if blank or kind == "~":  # what stands above an obsolete entry is nobody's
            self.place, self.noted = None, None
            self.flags = self.flags if blank else None
        elif kind in ".:,|":
            self.place = number if self.place is None else self.place
            self.flags = number if kind == "," else self.flags
        else:
            self.place = number + 1 if self.place in (None, number) else self.place
            self.noted = number if line.startswith(NOTE) else self.noted

    def entry(self, number: int) -> Entry:
        """The entry below them, which begins at this line."""
        return Entry(number, number if self.place is None else self.place, self.noted, self.flags)


def scanned(lines: Sequence[str], name: str) -> Iterator[Entry]:
    """The entries, without obsolete ones."""
    entry: Entry | None = None
    above, key, form = Above(), "", 0
    for number, line in enumerate(lines):
        found = _STRING.match(line.strip())
        if found is None:
            if line.strip() and not line.lstrip().startswith("#"):
                raise UserError(f"{name}, line {number + 1}: is neither comment nor string")
            above.see(number, line)
            key = ""
            if entry is not None and entry.forms:
                yield entry
                entry = None
            continue
        keyword, index, value = found.groups()
        if keyword in ("msgctxt", "msgid") and (entry is None or entry.forms):
            if entry is not None:
                yield entry
            entry, above = above.entry(number), Above()
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


class Catalogue(Document):
    """See `files.base.Document`; each form of a plural is a unit of its own."""

    def __init__(self, lines: list[str], entries: list[Entry], charset: str, name: str):
        polib = library()
        self.lines, self.charset, self.name = lines, charset, name
        self.empty = [entry for entry in entries if entry.empty]
        header = next((e.written.get(0, "") for e in entries if not e.values.get("msgid")), "")
        said: dict[str, str] = dict(
            line.split(":", 1) for line in polib.unescape(header).split("\n") if ":" in line
        )
        self.language = re.split("[_.@-]", said.get("Language", "").strip())[0] or None
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

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`; an entry is filled with all its forms or with none.

        Raises UserError if an answer has no place in its charset.
        """
        said: dict[int, list[Answer | None]] = {}
        for (entry, _), answer in zip(self.places, answers, strict=True):
            said.setdefault(entry.start, []).append(answer)
        edits: list[tuple[int, int, str]] = []
        for entry in self.empty:
            whole = [answer for answer in said[entry.start] if answer is not None]
            if len(whole) == len(said[entry.start]):
                edits += self.edits(entry, whole)
        try:
            return respliced(self.lines, edits).encode(self.charset)
        except UnicodeEncodeError as error:
            odd = error.object[error.start]
            raise UserError(f"{self.name}: {self.charset} has no {odd!r}: convert it to UTF-8 first"
                            ": msgconv -t UTF-8") from None  # fmt: skip

    def edits(self, entry: Entry, answers: Sequence[Answer]) -> Iterator[tuple[int, int, str]]:
        """Those of an entry, in lines: its comment, its flags, its forms."""
        end = "\r\n" if self.lines[entry.start].endswith("\r\n") else "\n"
        note = joined(answers).note
        if note or entry.noted is not None:
            comment = f"{NOTE}{note}{end}" if note else ""
            place, old = (entry.place, 0) if entry.noted is None else (entry.noted, 1)
            yield place, place + old, comment
        if entry.flags is None:
            yield entry.start, entry.start, f"#, fuzzy{end}"
        elif "fuzzy" not in self.lines[entry.flags]:
            line = self.lines[entry.flags].replace("#,", "#, fuzzy,", 1)
            yield entry.flags, entry.flags + 1, line
        first = min(low for low, _ in entry.forms.values())
        last = max(high for _, high in entry.forms.values())
        plural = "msgid_plural" in entry.values
        written = [
            quoted(f"msgstr[{form}]" if plural else "msgstr", answer.text, end)
            for form, answer in zip(self.forms(entry), answers, strict=True)
        ]
        yield first, last, "".join(written)


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
