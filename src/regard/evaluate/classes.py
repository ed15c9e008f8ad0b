"""How good answers are that are labels or numbers, and whether one system's are better.

`n` rows; answers and references are labels (any hashable), or numbers.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

Labels = Sequence[Hashable]


def accuracy(answers: Labels, references: Labels) -> float:
    """Share that are right, in percent."""
    checked(answers, references)
    right = sum(a == b for a, b in zip(answers, references, strict=True))
    return 100 * right / len(references)


def macro_f1(answers: Labels, references: Labels) -> float:
    """Mean over the labels of the references of each one's F1, in percent."""
    checked(answers, references)
    both = Counter(a for a, b in zip(answers, references, strict=True) if a == b)
    said, there = Counter(answers), Counter(references)
    each = [2 * both[label] / (said[label] + there[label]) for label in there]
    return 100 * sum(each) / len(each)


def confusion(answers: Labels, references: Labels, labels: Labels) -> np.ndarray:
    """How often label i of the references was answered by label j: (labels, labels)."""
    place = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), np.int64)
    for answer, reference in zip(answers, references, strict=True):
        table[place[reference], place[answer]] += 1
    return table


def mean_error(answers: Sequence[float], references: Sequence[float]) -> float:
    """Mean absolute difference."""
    checked(answers, references)
    return float(np.abs(np.asarray(answers, float) - np.asarray(references, float)).mean())


def pearson(answers: Sequence[float], references: Sequence[float]) -> float:
    """Linear correlation; 0 where one side is constant."""
    checked(answers, references)
    x, y = (np.asarray(side, float) - np.mean(side) for side in (answers, references))
    size = math.sqrt(float((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / size if size else 0.0


def spearman(answers: Sequence[float], references: Sequence[float]) -> float:
    """Correlation of ranks; equals share their mean rank."""
    return pearson(ranks(answers), ranks(references))


def ranks(values: Sequence[float]) -> list[float]:
    """Rank of each value, from 1; equals share the mean of theirs."""
    found, where, count = np.unique(np.asarray(values, float), return_inverse=True,
                                    return_counts=True)  # fmt: skip
    last = count.cumsum()
    return ((2 * last - count + 1) / 2)[where.reshape(-1)].tolist()


class McNemar(NamedTuple):
    """Rows that only one of two systems has right, and the two-sided exact p-value."""

    only_a: int
    only_b: int
    p: float


def mcnemar(a: Labels, b: Labels, references: Labels) -> McNemar:
    """Are two systems equally often right? The exact test of McNemar 1947 on the same rows.

    Where they differ, each is as likely to be the right one: a binomial of 1/2.
    """
    checked(a, references)
    checked(b, references)
    pairs = [(x == r, y == r) for x, y, r in zip(a, b, references, strict=True)]
    one, other = pairs.count((True, False)), pairs.count((False, True))
    n, k = one + other, min(one, other)
    below = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(k + 1)]
    tail = sum(math.exp(x - n * math.log(2)) for x in below)
    return McNemar(one, other, min(1.0, 2 * tail))


def checked(answers: Sequence, references: Sequence) -> None:
    """Raises ValueError unless there are as many of both, and some."""
    if len(answers) != len(references) or not len(references):
        raise ValueError(f"{len(answers)} answers and {len(references)} references: one for each")
