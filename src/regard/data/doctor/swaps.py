"""Rows that are the wrong way round: each side in the language of the other.

Told by script where the languages have scripts of their own, else by a naive Bayes classifier of
character trigrams that learns both languages from the training split itself. A trigram of the split
that it learns from is weighed as if it had been seen once less on its side (leave one out), so that
a row cannot vouch for itself.

Legend: `N` trigrams of all texts of a side together.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from regard.data.doctor.base import Corpus, Finding, Row
from regard.data.doctor.declared import reads_swapped, tell_apart
from regard.data.doctor.text import base_code, trigrams

_BITS = 18  # a quarter of a million counts a side; a collision costs a little evidence, no more
_PRIOR = 0.5
_CHUNK = 20_000  # texts at a time, to bound memory
_EVIDENCE = 12.0  # nats that each side must speak against its own language ...
_DENSITY = 0.25  # ... and nats for each trigram


class Profile:
    """Trigram counts of both sides, and what they say of a text."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.counts = np.stack(
            [_count([row.source for row in rows]), _count([row.target for row in rows])]
        )
        seen = max(1, int((self.counts.sum(axis=0) > 0).sum()))
        self.sizes = np.log(self.counts.sum(axis=1) + _PRIOR * seen)

    def evidence(self, texts: Sequence[str], side: int, learnt: bool) -> np.ndarray:
        """Return how much each text is unlike its side and like the other: nats, or 0 if too weak.

        `learnt` says that the texts are among those that the profile was made of.
        """
        found = np.zeros(len(texts))
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            owner, hashes = trigrams([text.casefold() for text in chunk], _BITS)
            own, other = self.counts[side][hashes], self.counts[1 - side][hashes]
            own = np.maximum(own - 1, 0) if learnt else own
            nats = np.log((other + _PRIOR) / (own + _PRIOR))
            nats += self.sizes[side] - self.sizes[1 - side]
            sums = np.bincount(owner, nats, minlength=len(chunk))
            sizes = np.bincount(owner, minlength=len(chunk))
            clear = (sums > _EVIDENCE) & (sums > _DENSITY * sizes)
            found[start : start + _CHUNK] = np.where(clear, sums, 0.0)
        return found


def _count(texts: Sequence[str]) -> np.ndarray:
    total = np.zeros(2**_BITS, np.int64)
    for start in range(0, len(texts), _CHUNK):
        _, hashes = trigrams([text.casefold() for text in texts[start : start + _CHUNK]], _BITS)
        total += np.bincount(hashes, minlength=2**_BITS)
    return total


def _by_profile(corpus: Corpus) -> Iterator[tuple[str, int]]:
    profile = Profile(list(corpus.live(corpus.training)))
    for split in corpus.splits:
        rows, learnt = list(corpus.live(split)), split == corpus.training
        first = profile.evidence([row.source for row in rows], 0, learnt)
        second = profile.evidence([row.target for row in rows], 1, learnt)
        for index in np.flatnonzero((first > 0) & (second > 0)):
            yield split, rows[index].line


def _by_script(corpus: Corpus) -> Iterator[tuple[str, int]]:
    for split in corpus.splits:
        for line, source, target in corpus.live(split):
            if reads_swapped(source, target, corpus.languages):
                yield split, line


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `swapped` error for each row whose sides are each in the other's language."""
    first, second = corpus.languages
    if base_code(first) == base_code(second):
        return
    rows = _by_script(corpus) if tell_apart(corpus.languages) else _by_profile(corpus)
    for split, line in rows:
        why = f"the source reads like {second} and the target like {first}"
        yield corpus.finding("swapped", "error", split, line, why, "swap")
