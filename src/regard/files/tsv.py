"""Tables, a source and its translation a line with a tab between: what has none gets one."""

from collections.abc import Sequence

from regard.data.splicing import respliced
from regard.files.base import Answer, Document, decoded, with_ends

SUFFIXES = (".tsv",)


def read(data: bytes, name: str) -> "Table":
    """Every text is one. Raises UserError if it is not UTF-8."""
    return Table(decoded(data, name))


class Table(Document):
    """See `files.base.Document`; further columns stay."""

    language = None

    def __init__(self, text: str):
        self.lines = with_ends(text)
        self.rows = []
        for number, line in enumerate(self.lines):
            source, *rest = line.rstrip("\r\n").split("\t")
            if source.strip() and not (rest and rest[0].strip()):
                self.rows.append((number, source, rest[1:]))
        self.units = [source for _, source, _ in self.rows]

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`."""
        edits = []
        for (number, source, rest), answer in zip(self.rows, answers, strict=True):
            if answer is None:
                continue
            line = self.lines[number]
            end = line[len(line.rstrip("\r\n")) :]
            text = "\t".join([source, answer.text.replace("\t", " "), *rest]) + end
            edits.append((number, number + 1, text))
        return respliced(self.lines, edits).encode()
