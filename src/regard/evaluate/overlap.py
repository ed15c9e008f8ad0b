"""How alike two texts are without anything learnt: what a model of pairs has to beat."""

import re
from collections.abc import Callable, Sequence

import numpy as np

WORDS = re.compile(r"\w+|[^\w\s]")
Scores = Callable[[Sequence[tuple[str, str]]], np.ndarray]


def jaccard(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Of the tokens that either has, the share that both have."""
    sets = ((set(WORDS.findall(a)), set(WORDS.findall(b))) for a, b in pairs)
    return np.array([len(a & b) / max(len(a | b), 1) for a, b in sets])


def edit(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """1 - tokens to insert, delete or replace / tokens of the longer one."""
    found = ((WORDS.findall(a), WORDS.findall(b)) for a, b in pairs)
    return np.array([1 - distance(a, b) / max(len(a), len(b), 1) for a, b in found])


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein's, a column of the table at once as the bits of two numbers.

    Myers 1999 (https://doi.org/10.1145/316542.316550), in Hyyrö's form: `more` and `less` say
    where a cell of the column is one more or less than the one above it.
    """
    if not a or not b:
        return len(a) + len(b)
    full, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    places: dict[str, int] = {}
    for i, token in enumerate(a):
        places[token] = places.get(token, 0) | 1 << i
    more, less, score = full, 0, len(a)
    for token in b:
        match = places.get(token, 0)
        level = ((((match & more) + more) ^ more) | match | less) & full
        up, down = less | ~(level | more) & full, more & level  # against the column before
        score += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & full, (down << 1) & full
        more, less = down | ~((match | less) | up) & full, up & (match | less)
    return score


def tf_idf(texts: Sequence[str]) -> Scores:
    """Cosine of TF-IDF vectors, the weights learnt of these texts.

    ImportError without scikit-learn.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    learnt = TfidfVectorizer(token_pattern=WORDS.pattern, sublinear_tf=True, lowercase=False)
    learnt.fit(texts)

    def scores(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        a, b = (learnt.transform(side) for side in zip(*pairs, strict=True))
        return np.asarray(a.multiply(b).sum(1)).reshape(-1)

    return scores
