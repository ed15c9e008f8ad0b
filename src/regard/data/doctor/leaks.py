"""Training rows that hold a held-out row, a held-out source or a held-out target.

Texts are compared without case, punctuation and spacing. The training row is the one to drop.
"""

from collections.abc import Iterator
from typing import NamedTuple

from regard.data.doctor.base import Corpus, Finding

_SHORT = 10  # characters; a shorter line ("Thank you.") is met again by chance


class _Index(NamedTuple):
    """Where each held-out pair, source and target stands first: split and line."""

    pairs: dict[tuple[str, str], str]
    sources: dict[str, str]
    targets: dict[str, str]


def _index(corpus: Corpus) -> _Index:
    index = _Index({}, {}, {})
    for split in corpus.held_out:
        keys = zip(corpus.keys(split, 0), corpus.keys(split, 1), strict=True)
        for line, (source, target) in enumerate(keys, 1):
            place = f"line {line} of {split}"
            index.pairs.setdefault((source, target), place)
            index.sources.setdefault(source, place)
            index.targets.setdefault(target, place)
    return index


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `leak` for each training row that is, or half is, a held-out row."""
    if not corpus.held_out:
        return
    train, index = corpus.training, _index(corpus)
    sources, targets = corpus.keys(train, 0), corpus.keys(train, 1)
    for line, _, _ in corpus.live(train):
        source, target = sources[line - 1], targets[line - 1]
        if place := index.pairs.get((source, target)):
            yield corpus.finding("leak", "error", train, line, f"the pair is {place}", "drop")
            continue
        for side, key, known in (("source", source, index.sources),
                                 ("target", target, index.targets)):  # fmt: skip
            if place := known.get(key):
                why = f"the {side} is that of {place}"
                if len(key) >= _SHORT:
                    yield corpus.finding("leak", "error", train, line, why, "drop")
                else:
                    yield corpus.finding("leak", "note", train, line, why + ", and short")
                break
