"""Where is a system good and where not? Scores by kind of line: length, rare words, case and so on.

Each partition is a small function from a source line to a label; equal labels make a slice.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from regard.evaluate.scores import Measure, Refs, measure

LENGTHS = (5, 10, 20, 30, 50)
RARE = 5
# Chinese and Japanese write no spaces: each of their characters counts as a word.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['’\-.,][^\W{_CJK}]+)*")
_FINAL = re.compile(r"[.!?…。！？｡؟।:;][\"'”’»«“)\]）」』]*\s*$")
Label = Callable[[str], str | None]


@dataclass(frozen=True)
class Slice:
    """A kind of line, how many there are, their score (None without any), whether they are few."""

    name: str
    n: int
    score: float | None
    few: bool

    def as_dict(self) -> dict[str, str | int | float | bool | None]:
        return asdict(self)


def words(text: str) -> list[str]:
    """Words in lower case, punctuation left out; a Chinese or Japanese character is a word."""
    return _WORD.findall(text.lower())


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs in the training text, for `slices(counts=...)`."""
    return Counter(word for text in texts for word in words(text))


def slices(
    sources: Sequence[str],
    hyps: Sequence[str],
    refs: Refs,
    counts: Mapping[str, int] | None = None,
    metric: str | Measure = "bleu",
    *,
    language: str | None = None,
    minimum: int = 20,
) -> list[Slice]:
    """The score of each kind of source line; slices of fewer than `minimum` lines are marked.

    `counts` are the word counts of the training text's source side (`word_counts`); without them
    the slices of rare words are left out. Raises ValueError if the three lists do not fit.
    """
    if len(sources) != len(hyps):
        raise ValueError(f"{len(sources)} sources do not fit {len(hyps)} hypotheses.")
    chosen = measure(metric, language) if isinstance(metric, str) else metric
    stats = chosen.statistics(hyps, refs)  # (lines, statistics)
    found: list[Slice] = []
    for names, label in _partitions(counts):
        members = defaultdict(list)
        for number, source in enumerate(sources):
            members[label(source)].append(number)
        for name in names:
            lines = members[name]
            score = chosen.value(stats[lines].sum(0)) if lines else None
            found.append(Slice(name, len(lines), score, len(lines) < minimum))
    return found


def _partitions(counts: Mapping[str, int] | None) -> list[tuple[list[str], Label]]:
    """The names of each partition in the order to show them, and the function that gives them."""
    ends = [f"length {a + 1}-{b}" for a, b in zip((0, *LENGTHS), LENGTHS, strict=False)]
    lengths = ["length 0", *ends, f"length over {LENGTHS[-1]}"]
    parts: list[tuple[list[str], Label]] = [
        (["all"], lambda text: "all"),
        (lengths, lambda text: lengths[sum(len(words(text)) > b for b in (0, *LENGTHS))]),
        (["one word"], lambda text: "one word" if len(words(text)) == 1 else None),
        (["final punctuation", "no final punctuation"], _final),
        (["all caps", "all lower case", "title case", "other case", "script without case"], _case),
        (["with a number", "without a number"], _number),
        (["empty source"], lambda text: None if text.strip() else "empty source"),
    ]
    if counts is not None:
        names = ["frequent words only", f"a word seen under {RARE} times", "an unseen word"]
        parts.insert(2, (names, lambda text: _rare(text, counts, names)))
    return parts


def _rare(text: str, counts: Mapping[str, int], names: list[str]) -> str | None:
    """By the rarest word of the line."""
    seen = min((counts.get(word, 0) for word in words(text)), default=None)
    if seen is None:
        return None
    return names[2] if seen == 0 else names[1] if seen < RARE else names[0]


def _final(text: str) -> str | None:
    if not text.strip():
        return None
    return "final punctuation" if _FINAL.search(text) else "no final punctuation"


def _case(text: str) -> str | None:
    """Title case: at least two words, each beginning with a capital."""
    if not text.strip():
        return None
    if text.lower() == text.upper():
        return "script without case"
    if text.isupper():
        return "all caps"
    if text.islower():
        return "all lower case"
    cased = [word for word in _WORD.findall(text) if word.lower() != word.upper()]
    title = len(cased) > 1 and all(word[0] != word[0].lower() for word in cased)
    return "title case" if title else "other case"


def _number(text: str) -> str:
    return "with a number" if any(char.isdigit() for char in text) else "without a number"
