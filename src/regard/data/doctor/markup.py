"""Addresses and placeholders that stand on one side only."""

import re
from collections import Counter
from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding

URL = re.compile(r"(?:https?|ftp)://[^\s<>\"'`\\\u0080-\U0010ffff]+", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"%(?:\(\w+\)|\d+\$)?[-+0#]?\d*(?:\.\d+)?[sdifgxr](?![^\W_])"  # printf: %s, %(name)d, %1$s
    r"|\$\{\w+\}|\{\{\s*\w+\s*\}\}|\{\w*\}"  # ${name}, {{ name }}, {name}, {}
)


def _marks(text: str) -> Counter[str]:
    if not ("%" in text or "{" in text or "://" in text):  # most lines
        return Counter()
    urls = [url.rstrip(".,;:!?)]}*_") for url in URL.findall(text)]
    # a placeholder is a word of its own, "50 %s" of "50% solution" has no letter after it
    return Counter(urls + _PLACEHOLDER.findall(URL.sub(" ", text)))


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
