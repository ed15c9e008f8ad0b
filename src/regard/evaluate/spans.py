"""How good tags are that mark spans of words: B-X begins one of kind X, I-X goes on, O is none."""

from collections.abc import Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Words `start` to `stop` (not included) of a sentence."""

    start: int
    stop: int
    kind: str


def marks_spans(tags: Sequence[str]) -> bool:
    """Are these tags of that form, and not all of them O?"""
    marks = [tag for tag in tags if tag != "O"]
    return bool(marks) and all(tag[:2] in ("B-", "I-") and len(tag) > 2 for tag in marks)


def spans(tags: Sequence[str]) -> set[Span]:
    """The spans of a sentence; an I with nothing to go on with begins one (as in conlleval)."""
    found, start, kind = set(), 0, ""
    for i, tag in enumerate([*tags, "O"]):
        part, _, name = tag.partition("-")
        if kind and not (part == "I" and name == kind):
            found.add(Span(start, i, kind))
            kind = ""
        if name and not kind:
            start, kind = i, name
    return found


def span_f1(answers: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """F1 of the spans of all sentences together, in percent: right are those with the same ends and
    kind. 100 where there are none and none was found.
    """
    both = said = there = 0
    for answer, reference in zip(answers, references, strict=True):
        if len(answer) != len(reference):
            raise ValueError(f"{len(answer)} tags for {len(reference)} words: one for each")
        mine, right = spans(answer), spans(reference)
        both, said, there = both + len(mine & right), said + len(mine), there + len(right)
    return 200 * both / (said + there) if said + there else 100.0
