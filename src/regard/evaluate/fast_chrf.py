"""Sentence chrF (Popović 2015), fast: of one pair, or of every pair of two lists.

Both give sacreBLEU's chrF2 (character n-grams up to 6, no word n-grams, spaces left out).
Legend: `N` hypotheses, `M` references, `C` characters of all texts together, `F` features.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

BETA = 2
_ORDERS = range(1, 7)
_CELLS = 2**24  # entries of the largest temporary matrix


def sentence_chrf(hyp: str, refs: str | Sequence[str]) -> float:
    """chrF2 of one sentence, 0 to 100; of several references the best counts."""
    return max(_chrf(hyp, ref) for ref in ([refs] if isinstance(refs, str) else refs))


def chrf_matrix(hyps: Sequence[str], refs: Sequence[str]) -> np.ndarray:
    """chrF2 of every hypothesis against every reference, 0 to 100: (N, M)."""
    shape = (len(hyps), len(refs))
    precision, recall, orders = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    lengths = np.array([len("".join(text.split())) for text in (*hyps, *refs)], dtype=np.int64)
    for n, (owner, feature) in enumerate(_features([*hyps, *refs], lengths), start=1):
        total = np.maximum(lengths - n + 1, 0)
        hyp_total, ref_total = total[: shape[0], None], total[None, shape[0] :]  # (N, 1), (1, M)
        match = _shared(owner, feature, shape)
        precision += match / np.maximum(hyp_total, 1)
        recall += match / np.maximum(ref_total, 1)
        orders += (hyp_total > 0) & (ref_total > 0)
    top = (1 + BETA**2) * precision * recall
    bottom = (BETA**2 * precision + recall) * orders
    return 100 * np.divide(top, bottom, out=np.zeros(shape), where=bottom > 0)


class _Grams(NamedTuple):
    """The n-grams of one length in a text, and the counts of those that occur more than once."""

    kinds: frozenset[str]
    repeated: dict[str, int]
    total: int


@lru_cache(maxsize=512)
def _grams(text: str) -> tuple[_Grams, ...]:
    text = "".join(text.split())
    return tuple(_count([text[i : i + n] for i in range(len(text) - n + 1)]) for n in _ORDERS)


def _count(grams: list[str]) -> _Grams:
    kinds = frozenset(grams)
    plain = len(kinds) == len(grams)  # true of most longer n-grams: no need to count
    repeated = {} if plain else {gram: k for gram, k in Counter(grams).items() if k > 1}
    return _Grams(kinds, repeated, len(grams))


def _chrf(hyp: str, ref: str) -> float:
    precision = recall = 0.0
    orders = 0
    for ours, theirs in zip(_grams(hyp), _grams(ref), strict=True):
        if not ours.total or not theirs.total:  # one text is too short for this and longer n-grams
            break
        match = len(ours.kinds & theirs.kinds)
        for gram in ours.repeated.keys() & theirs.repeated.keys():
            match += min(ours.repeated[gram], theirs.repeated[gram]) - 1
        precision += match / ours.total
        recall += match / theirs.total
        orders += 1
    if not precision:
        return 0.0
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall) / orders


def _features(texts: list[str], lengths: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For n = 1 to 6: which text owns which feature, both (up to C,), sorted by feature.

    A feature is "the k-th occurrence of n-gram g": the sum over g of min(count, count), which chrF
    needs, is then the plain number of features that two texts share.
    """
    joined = "".join("".join(text.split()) for text in texts)
    letters = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)  # (C,)
    letter = np.unique(letters, return_inverse=True)[1].astype(np.int64)
    place = np.arange(len(letter))
    owner = np.repeat(np.arange(len(texts)), lengths)
    room = np.repeat(np.cumsum(lengths), lengths) - place  # characters left in the same text
    gram = np.zeros_like(letter)
    for n in _ORDERS:
        fits = room[place] >= n
        place, gram = place[fits], gram[fits]
        # (n-1)-gram and one more letter, numbered anew: exact, with no hash to collide
        gram = np.unique(gram * (len(letters) + 1) + letter[place + n - 1], return_inverse=True)[1]
        order = np.lexsort((owner[place], gram))
        who, what = owner[place][order], gram[order]
        feature = what * (len(letters) + 1) + _rank(who, what)
        order = np.argsort(feature, kind="stable")
        yield who[order], feature[order]


def _rank(who: np.ndarray, what: np.ndarray) -> np.ndarray:
    """How many equal (who, what) pairs come before each; equal pairs lie together."""
    index = np.arange(len(who))
    fresh = np.ones(len(who), dtype=bool)
    fresh[1:] = (who[1:] != who[:-1]) | (what[1:] != what[:-1])
    return index - np.maximum.accumulate(np.where(fresh, index, 0))


def _shared(owner: np.ndarray, feature: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How many features each hypothesis shares with each reference: (N, M)."""
    rows = sum(shape)
    match = np.zeros(shape)
    if not len(feature):
        return match
    column = np.cumsum(np.diff(feature, prepend=feature[0]) > 0)  # (up to C,), values below F
    features = int(column[-1]) + 1
    width = max(1, _CELLS // max(rows, 1))
    for start in range(0, features, width):
        low, high = np.searchsorted(column, (start, start + width))
        has = np.zeros((rows, min(width, features - start)), dtype=np.float32)
        has[owner[low:high], column[low:high] - start] = 1
        match += has[: shape[0]] @ has[shape[0] :].T
    return match
