"""Numbers that stand on one side only."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding
from regard.data.doctor.markup import URL

_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\d+(?:[.,'’٫٬\u00a0\u202f]\d+)*")


def numbers(text: str) -> list[str]:
    """Return the digits of each number, in ASCII, separators left out: `1000` of "1.000"."""
    if not _DIGIT.search(text):
        return []
    return [
        "".join(str(unicodedata.digit(char)) for char in number if char.isdecimal())
        for number in _NUMBER.findall(URL.sub(" ", text))
    ]


def differ(source: str, target: str) -> tuple[list[str], list[str]]:
    """Return the numbers that only the source has, and only the target; both empty if they agree.

    They agree too if all digits together are the same ("10:30" and "10.30"), or if one side has
    more single digits, which the other may spell as words.
    """
    left, right = Counter(numbers(source)), Counter(numbers(target))
    only, extra = sorted((left - right).elements()), sorted((right - left).elements())
    same = sorted("".join(only)) == sorted("".join(extra))
    words = not (only and extra) and all(len(number) == 1 for number in only + extra)
    return ([], []) if same or words else (only, extra)


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `numbers` note for each row whose sides do not have the same numbers."""
    for split in corpus.splits:
        for line, source, target in corpus.live(split):
            only, extra = differ(source, target)
            parts = [f"only the {name} has {', '.join(found)}"
                     for name, found in (("source", only), ("target", extra)) if found]  # fmt: skip
            if parts:
                yield corpus.finding("numbers", "note", split, line, "; ".join(parts))
