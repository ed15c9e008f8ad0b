"""Something else in the place of parts of a whole; what lies between stays as it is."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T", str, bytes)


def spliced(whole: T, edits: Iterable[tuple[int, int, T]]) -> T:
    """The whole where from `start` to `end` (not itself) something else stands.

    Edits at one place go in in the order given; none overlaps another.
    """
    out: list[T] = []
    at = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        out += [whole[at:start], new]
        at = end
    out.append(whole[at:])
    return whole[:0].join(out)


def respliced(lines: Sequence[str], edits: Iterable[tuple[int, int, str]]) -> str:
    """As `spliced`, from line to line."""
    starts = [*accumulate(map(len, lines), initial=0)]
    return spliced("".join(lines), [(starts[a], starts[b], new) for a, b, new in edits])
