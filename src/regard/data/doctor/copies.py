"""Rows whose target is the source: lines that nobody has translated."""

from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding
from regard.data.doctor.text import letters

_WORDS = 3  # shorter copies may be names, and are right


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `copy` warning for each row with the same words on both sides; a note if few."""
    if corpus.languages[0] == corpus.languages[1]:
        return
    for split in corpus.splits:
        for line, source, target in corpus.live(split):
            if source.split() != target.split() or not letters(source):
                continue
            if sum(bool(letters(word)) for word in source.split()) >= _WORDS:
                why = "the target is a copy of the source"
                yield corpus.finding("copy", "warning", split, line, why, "drop")
            else:
                why = "the target is a copy of the source (a name, perhaps)"
                yield corpus.finding("copy", "note", split, line, why)
