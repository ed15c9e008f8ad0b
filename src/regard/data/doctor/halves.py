"""Two files that ought to have one line for each other, and the place where they stop doing so.

Every line is scored against the lines one to three before and after its own, by length, numbers,
final punctuation and words in common. The best path through these offsets (Viterbi, with a price
for each change) stays at 0 in sound files; where it first leaves 0, a line is missing or too many.

Legend: `L` lines that both files have, `O` offsets.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from regard.data.doctor.base import Finding
from regard.data.doctor.numbers import numbers

_REACH = 3  # lines
_PRICE = 12.0  # nats that a change of offset must gain
_FITS, _ANY = 0.3, 0.8  # spread of the log length ratio of true pairs, and of any two lines
_WORD = re.compile(r"\w{3,}")
_ENDS = {"?": 1, "？": 1, "؟": 1, "!": 2, "！": 2, ":": 3, "：": 3, ".": 4, "。": 4, "।": 4}


class _Line(NamedTuple):
    size: float  # log of the length
    digits: tuple[str, ...]
    end: int
    words: frozenset[str]


def _line(text: str) -> _Line:
    bare = text.strip()
    return _Line(
        float(np.log(len(bare) + 8)),
        tuple(sorted(numbers(bare))),
        _ENDS.get(bare[-1:], 0),
        frozenset(_WORD.findall(bare)),
    )


def _signs(one: _Line, other: _Line) -> float:
    """Return how much numbers, endings and common words speak for a pair, in nats, roughly."""
    score = 0.3 if one.end == other.end else -1.0
    if one.digits or other.digits:
        score += 3.0 if one.digits == other.digits else -2.0
    return score + 1.5 * min(2, len(one.words & other.words))


def _scores(source: Sequence[_Line], target: Sequence[_Line], offsets: range) -> np.ndarray:
    """Return (L, O): how well each source line goes with the target line at each offset."""
    count = min(len(source), len(target))
    sizes = [np.array([line.size for line in lines]) for lines in (source, target)]
    usual = float(np.median(sizes[1][:count] - sizes[0][:count]))
    scores = np.zeros((count, len(offsets)))
    for column, offset in enumerate(offsets):
        for row in range(max(0, -offset), min(count, len(target) - offset)):
            scores[row, column] = _signs(source[row], target[row + offset])
        rows = np.arange(max(0, -offset), min(count, len(target) - offset))
        off = sizes[1][rows + offset] - sizes[0][rows] - usual
        gain = np.log(_ANY / _FITS) - off**2 / 2 * (_FITS**-2 - _ANY**-2)
        scores[rows, column] += np.maximum(gain, -4.0)
    return scores


def _first_change(scores: np.ndarray, offsets: range) -> tuple[int, int] | None:
    """Return the row where the best path leaves offset 0, and for which offset."""
    count, width = scores.shape
    start = offsets.index(0)
    total = np.full(width, -_PRICE)
    total[start] = 0.0
    came = np.empty((count, width), np.int64)
    own = np.arange(width)
    for row in range(count):
        best = int(total.argmax())
        came[row] = np.where(total[best] - _PRICE > total, best, own)
        total = np.maximum(total, total[best] - _PRICE) + scores[row]
    at, path = int(total.argmax()), []
    for row in range(count - 1, -1, -1):
        path.append(at)
        at = int(came[row, at])
    path.reverse()
    return next(((row, offsets[at]) for row, at in enumerate(path) if at != start), None)


def halves(source_lines: Sequence[str], target_lines: Sequence[str]) -> Finding | None:
    """Return a `halves` error if two files have not one line for each other, None if they have.

    Its line is the first at which the halves seem to slip, or, if no offset of up to three lines
    explains it, the first line that one of them lacks.
    """
    counts = len(source_lines), len(target_lines)
    shared = min(counts)
    slip = None
    if shared:
        offsets = range(-_REACH, _REACH + 1)
        source, target = ([_line(text) for text in lines] for lines in (source_lines, target_lines))
        slip = _first_change(_scores(source, target, offsets), offsets)
    if counts[0] == counts[1] and slip is None:
        return None
    why = f"{counts[0]:,} source and {counts[1]:,} target lines"
    if slip:
        extra, lacking = ("target", "source") if slip[1] > 0 else ("source", "target")
        lines = "1 line" if abs(slip[1]) == 1 else f"{abs(slip[1])} lines"
        why += (f"; from about line {slip[0] + 1} on the {extra} is {lines} ahead: "
                f"too many there, or missing in the {lacking}")  # fmt: skip
    at = slip[0] if slip else shared
    here, there = (lines[at] if at < len(lines) else "" for lines in (source_lines, target_lines))
    return Finding("halves", "error", "", at + 1, here, there, why, "none")
