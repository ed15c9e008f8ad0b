"""The translation memory finds what plain arithmetic finds, in order, and says when it cannot."""

import math
import random
import re
import sys
from collections import Counter

import pytest

from regard.recipe import UserError
from regard.tasks import memory
from regard.tasks.memory import similar

pytest.importorskip("sklearn")

SOURCES = ["The cat sat.", "A dog ran off.", "The cat sat down.", "A dog ran off.", "x"]


def grams(text: str) -> Counter:
    text = re.sub(r"\s\s+", " ", text.lower())
    return Counter(text[i : i + n] for n in (3, 4, 5) for i in range(len(text) - n + 1))


def by_hand(sources: list[str], query: str) -> list[float]:
    """The cosine with each source, from the definition (inverse document frequency smoothed)."""
    known = [grams(source) for source in sources]
    holds = Counter(gram for found in known for gram in found)
    idf = {gram: math.log((1 + len(sources)) / (1 + n)) + 1 for gram, n in holds.items()}

    def vector(found: Counter) -> dict[str, float]:
        raw = {gram: n * idf[gram] for gram, n in found.items() if gram in idf}
        size = math.sqrt(sum(x * x for x in raw.values())) or 1.0
        return {gram: x / size for gram, x in raw.items()}

    wanted = vector(grams(query))
    vectors = [vector(found) for found in known]
    return [sum(x * other.get(gram, 0.0) for gram, x in wanted.items()) for other in vectors]


def test_known_sources_get_their_own_targets_and_of_equals_the_first():
    assert similar(SOURCES, SOURCES[:4]) == [0, 1, 2, 1]


def test_a_query_that_shares_nothing_gets_nothing():
    assert similar(SOURCES, ["", "zzzzz", "x", "cat sat down!"]) == [-1, -1, -1, 2]
    assert similar(["a", "b"], ["a", "abc"]) == [-1, -1]


def test_it_finds_what_the_definition_finds(monkeypatch):
    monkeypatch.setattr(memory, "BATCH", 7)  # several products, the last one smaller
    draw = random.Random(3)
    texts = ["".join(draw.choices("abcd ", k=draw.randint(1, 14))) for _ in range(90)]
    sources, queries = texts[:50], texts[50:]
    found = memory.similar(sources, queries)
    assert len(found) == len(queries)
    for query, best in zip(queries, found, strict=True):
        cosines = by_hand(sources, query)
        if best < 0:
            assert max(cosines) == 0
        else:
            assert cosines[best] == pytest.approx(max(cosines), abs=1e-5)
    assert len(set(found)) > 10


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(UserError, match=r"regard\[baseline\]"):
        similar(SOURCES, ["a"])
