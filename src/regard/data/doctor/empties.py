"""Rows with nothing to read on one side, or on both."""

from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding
from regard.data.doctor.text import bare


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield an `empty` error for each row with a side of whitespace or invisible characters."""
    for split in corpus.splits:
        for line, source, target in corpus.live(split):
            missing = [name for name, text in (("source", source), ("target", target))
                       if not bare(text)]  # fmt: skip
            if missing:
                why = f"the {missing[0]} is empty" if len(missing) == 1 else "both sides are empty"
                yield corpus.finding("empty", "error", split, line, why, "drop")
