"""Addresses and placeholders that stand on one side only."""

from collections import Counter
from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding
from regard.data.marks import pattern

URL = pattern("url")
_PATTERN = pattern("url", "template", "brace", "printf")


def _marks(text: str) -> Counter[str]:
    if not ("%" in text or "{" in text or "://" in text):  # most lines
        return Counter()
    return Counter(match[0] for match in _PATTERN.finditer(text))


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `markup` note for each row with an address or placeholder on one side only."""
    for split in corpus.splits:
        for line, source, target in corpus.live(split):
            left, right = _marks(source), _marks(target)
            if left != right:
                name = "source" if left - right else "target"
                only = sorted((left - right) or (right - left))
                why = f"only the {name} has {', '.join(only)}"
                yield corpus.finding("markup", "note", split, line, why)
