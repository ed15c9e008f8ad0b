"""Pairs that come twice in a split, and sources that come again with another target."""

from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `duplicate` warning for each repeated pair, a `retranslated` note for each source.

    The first of the repeated rows is the one that stays, and is not reported.
    """
    for split in corpus.splits:
        pairs: dict[tuple[str, str], int] = {}
        sources: dict[str, int] = {}
        for line, source, target in corpus.live(split):
            pair = source.strip(), target.strip()
            if first := pairs.get(pair):
                why = f"the same pair as line {first}"
                yield corpus.finding("duplicate", "warning", split, line, why, "drop")
            elif first := sources.get(pair[0]):
                why = f"the source of line {first} with another target"
                yield corpus.finding("retranslated", "note", split, line, why)
            pairs.setdefault(pair, line)
            sources.setdefault(pair[0], line)
