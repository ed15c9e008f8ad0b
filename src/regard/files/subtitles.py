"""Subtitles, SubRip (.srt) and WebVTT (.vtt): the text of every cue; times and numbers stay.

A sentence may go over the lines of a cue: they are translated as one, then divided again.
"""

import re
from collections.abc import Sequence

from regard.data.splicing import respliced
from regard.files.base import Answer, Document, decoded, with_ends
from regard.recipe import UserError

SUFFIXES = (".srt", ".vtt")
TIMES = re.compile(r"\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}\s*-->\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}")


def read(data: bytes, name: str) -> "Subtitles":
    """Raises UserError if no line says from when to when."""
    text = decoded(data, name)
    lines = with_ends(text)
    if not any(TIMES.match(line) for line in lines):
        raise UserError(f"{name}: has no line with times, such as 00:00:01,000 --> 00:00:02,500")
    return Subtitles(lines)


class Subtitles(Document):
    """See `files.base.Document`; a unit is what a cue says, in one line."""

    language = None

    def __init__(self, lines: list[str]):
        self.lines = lines
        self.cues: list[tuple[int, int]] = []  # first line and the one after the last
        at = 0
        while at < len(lines):
            at += 1
            if TIMES.match(lines[at - 1]):
                first = at
                while at < len(lines) and lines[at].strip():
                    at += 1
                if at > first:
                    self.cues.append((first, at))
        self.units = [" ".join(x.strip() for x in lines[a:b]) for a, b in self.cues]

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`."""
        edits = []
        for (first, last), answer in zip(self.cues, answers, strict=True):
            if answer is None:
                continue
            ends = [re.search(r"\r?\n?$", line)[0] for line in self.lines[first:last]]  # type: ignore[index]
            parts = divided(answer.text, last - first)
            text = "".join(part + end for part, end in zip(parts, ends, strict=False))
            if len(parts) < len(ends):  # the last line of a file may have no end
                text = text.removesuffix(ends[len(parts) - 1]) + ends[-1]
            edits.append((first, last, text))
        return respliced(self.lines, edits).encode()


def divided(text: str, count: int) -> list[str]:
    """The text in at most so many lines of like length, cut at spaces."""
    parts = []
    for left in range(count, 1, -1):
        middle = len(text) / left
        spaces = [m.start() for m in re.finditer(" ", text)]
        if not spaces:
            break
        at = min(spaces, key=lambda place: abs(place - middle))
        parts.append(text[:at])
        text = text[at + 1 :]
    return [*parts, text]
