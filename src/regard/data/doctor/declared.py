"""A split whose two sides are swapped against the declared languages.

Told by script where the languages have scripts of their own, else by function words, for the
languages that have a list here.
"""

from collections.abc import Iterator, Sequence

from regard.data.doctor.base import WHOLE, Corpus, Finding, Pair
from regard.data.doctor.text import base_code, letters, scripts_of, share

_SAMPLE = 2_000  # rows looked at, spread over the split
_FEWEST = 5  # rows, and words, that have to speak
_MARGIN = 0.25  # by which a side must have more of a script than the other

_WORDS = {
    "en": "the of and to in is that it was for with are this be by from have not you they his",
    "de": "der die das und ist nicht ein eine einen einem mit auf den dem von zu für sich auch "
    "wird sind oder im",
    "fr": "le la les des et est une dans pour que qui pas sur avec au du ce cette sont un il elle",
    "es": "el los las una y es en que por con para del se no como más pero son está un lo",
    "cs": "a se na je že v s z do to o ve pro jsou ale by jak nebo který není když jsem si",
    "it": "il di che è la per una un non sono con del della gli nel si più anche ma le",
    "pt": "o os as um uma e é em que não para com do da dos das ao se mais na no",
    "nl": "de het een van en dat is niet in op te zijn met voor die er aan ook als maar wordt",
}


def reads_swapped(source: str, target: str, languages: tuple[str, str]) -> bool:
    """Return whether the scripts of a row say that its sides are swapped; False if they cannot."""
    first, second = (scripts_of(language) for language in languages)
    tests = [(first - second, target, source), (second - first, source, target)]
    spelt = {text: letters(text) for text in (source, target)}
    return tell_apart(languages) and all(
        share(own, spelt[here]) - share(own, spelt[there]) > _MARGIN
        for own, here, there in tests
        if own
    )


def tell_apart(languages: tuple[str, str]) -> bool:
    """Return whether the scripts of two languages are known and differ."""
    first, second = (scripts_of(language) for language in languages)
    return bool(first and second) and first != second


def _by_script(rows: Sequence[Pair], languages: tuple[str, str]) -> bool:
    wrong = sum(reads_swapped(source, target, languages) for source, target in rows)
    right = sum(reads_swapped(target, source, languages) for source, target in rows)
    return wrong >= _FEWEST and wrong > 2 * right


def _by_words(rows: Sequence[Pair], languages: tuple[str, str]) -> bool:
    first, second = (set(_WORDS.get(base_code(code), "").split()) for code in languages)
    sides = [[word for pair in rows for word in pair[side].lower().split()] for side in (0, 1)]

    def count(side: int, words: set[str]) -> int:
        return sum(word in words for word in sides[side])

    wrong = count(0, second - first) + count(1, first - second)
    right = count(0, first - second) + count(1, second - first)
    return wrong >= _FEWEST and wrong > 3 * right


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `languages` error for each split that is the wrong way round as a whole."""
    codes = corpus.languages
    if base_code(codes[0]) == base_code(codes[1]):
        return
    told = _by_script if tell_apart(codes) else _by_words
    for split, rows in corpus.splits.items():
        sample = rows[:: max(1, len(rows) // _SAMPLE)]
        if told(sample, codes):
            why = f"all sources are {codes[1]} and all targets {codes[0]}"
            yield corpus.finding("languages", "error", split, WHOLE, why, "swap")
