"""Sides that are not written in the script of their language."""

from collections import Counter
from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding
from regard.data.doctor.text import NAMES, letters, scripts_of, share

_FEWEST = 12  # letters; shorter texts may be all names and formulas
_LEAST = 0.02  # share of the language's own script; Latin names and code may fill the rest
_FOREIGN = 0.5  # share of scripts that are neither the language's own nor Latin


def wrong_script(text: str, language: str) -> str | None:
    """Return how a text is in the wrong script for a language, if it is; never for short texts."""
    expected, spelt = scripts_of(language), letters(text)
    if not expected or len(spelt) < _FEWEST:
        return None
    own = share(expected, spelt)
    foreign = 1 - share(expected | {"l"}, spelt)
    if own >= _LEAST and foreign <= _FOREIGN:
        return None
    most = Counter(spelt).most_common(1)[0][0]
    wanted = "/".join(sorted(NAMES[code] for code in expected))
    return f"{own:.0%} {wanted} letters ({language}), mostly {NAMES.get(most, 'other')}"


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `script` warning for each row with a side in a script of another language."""
    for split in corpus.splits:
        for line, *texts in corpus.live(split):
            if texts[0].split() == texts[1].split():
                continue  # a copy, and told as one
            sides = zip(("source", "target"), texts, corpus.languages, strict=True)
            for name, text, language in sides:
                if why := wrong_script(text, language):
                    yield corpus.finding(
                        "script", "warning", split, line, f"the {name} has {why}", "drop"
                    )
                    break
