"""Which language a text is in: py3langid's word, among the languages that are served."""

from collections.abc import Sequence
from copy import copy
from functools import cache
from typing import Any

MOST = 2000  # characters that are looked at


class Detector:
    """For these languages; one that py3langid does not know is never found."""

    def __init__(self, languages: Sequence[str]):
        self.languages = tuple(languages)

    def ranked(self, text: str, among: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """Languages and how likely they are in percent, likeliest first; their sum is 100."""
        wanted = self.languages if among is None else tuple(among)
        known = tuple(language for language in wanted if language in everything_known().labels)
        others = [language for language in wanted if language not in known]
        if not known:
            return [(language, 100 / len(others)) for language in others]
        ranked = identifier(known).rank(text[:MOST])
        found = [(str(language), round(100 * float(p), 1)) for language, p in ranked]
        return [*found, *[(language, 0.0) for language in others]]

    def language(self, text: str, among: Sequence[str]) -> tuple[str, float]:
        """The likeliest of some of them."""
        return self.ranked(text, among)[0]


@cache
def identifier(languages: tuple[str, ...]) -> Any:
    """Of these languages alone; they share what it has learnt."""
    made = copy(everything_known())
    made.set_languages(list(languages))
    return made


@cache
def everything_known() -> Any:
    """Of all languages."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
