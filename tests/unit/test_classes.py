"""Scores of labels and numbers, each against its naive form and a library where there is one."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from regard.evaluate import classes

LABELS = ["a", "b", "c"]


def drawn(seed, n=50, labels=LABELS):
    rng = random.Random(seed)
    references = rng.choices(labels, k=n)
    answers = [r if rng.random() < 0.6 else rng.choice([*labels, "d"]) for r in references]
    return answers, references


def naive_f1(answers, references, label):
    true = sum(a == r == label for a, r in zip(answers, references, strict=True))
    said, there = answers.count(label), references.count(label)
    precision, recall = true / said if said else 0, true / there
    return 2 * precision * recall / (precision + recall) if true else 0


@pytest.mark.parametrize("seed", range(20))
def test_accuracy_and_macro_f1_against_the_naive_form(seed):
    answers, references = drawn(seed, n=5 if seed % 2 else 50)
    right = [a == r for a, r in zip(answers, references, strict=True)]
    assert classes.accuracy(answers, references) == pytest.approx(100 * np.mean(right))
    each = [naive_f1(answers, references, label) for label in sorted(set(references))]
    assert classes.macro_f1(answers, references) == pytest.approx(100 * np.mean(each))


def test_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    answers, references = drawn(3, 200)
    there = sorted(set(references))
    want = metrics.f1_score(references, answers, labels=there, average="macro", zero_division=0)
    assert classes.macro_f1(answers, references) == pytest.approx(100 * want)
    every = sorted({*there, *answers})
    table = metrics.confusion_matrix(references, answers, labels=every)
    assert (classes.confusion(answers, references, every) == table).all()
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    assert classes.mean_error(x, y) == pytest.approx(metrics.mean_absolute_error(y, x))


def test_correlations_against_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for n in (2, 3, 10, 100):
        for ties in (False, True):
            x, y = rng.normal(size=(2, n))
            if ties and n > 3:
                x, y = x.round(), y.round()
            assert classes.pearson(x, y) == pytest.approx(stats.pearsonr(x, y)[0])
            assert classes.spearman(x, y) == pytest.approx(stats.spearmanr(x, y)[0])
            assert classes.ranks(x) == stats.rankdata(x).tolist()


def test_correlations_by_hand():
    assert classes.ranks([3, 1, 3, 2]) == [3.5, 1, 3.5, 2]
    assert classes.pearson([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert classes.spearman([1, 2, 3], [3, 9, 900]) == pytest.approx(1)
    assert classes.pearson([1, 2, 3], [2, 2, 2]) == 0


def naive_mcnemar(only_a, only_b):
    """Twice the tail of a binomial of 1/2, with whole numbers."""
    n, k = only_a + only_b, min(only_a, only_b)
    tail = Fraction(sum(math.comb(n, i) for i in range(k + 1)), 2**n)
    return min(1.0, float(2 * tail))


@pytest.mark.parametrize("counts", [(0, 0), (0, 1), (3, 3), (1, 9), (9, 1), (30, 55), (700, 800)])
def test_mcnemar_against_the_naive_form(counts):
    only_a, only_b = counts
    references = ["x"] * (only_a + only_b + 7)
    a = ["x"] * only_a + ["y"] * only_b + ["x"] * 4 + ["y"] * 3
    b = ["y"] * only_a + ["x"] * only_b + ["x"] * 4 + ["z"] * 3
    found = classes.mcnemar(a, b, references)
    assert found[:2] == counts
    assert found.p == pytest.approx(naive_mcnemar(*counts), rel=1e-9)
    assert classes.mcnemar(b, a, references).p == found.p


def test_mcnemar_against_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = random.Random(5)
    for _ in range(20):
        references = rng.choices(LABELS, k=60)
        a, b = ([r if rng.random() < p else "?" for r in references] for p in (0.9, rng.random()))
        found = classes.mcnemar(a, b, references)
        n = found.only_a + found.only_b
        want = stats.binomtest(found.only_a, n, 0.5).pvalue if n else 1.0
        assert found.p == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("score", [classes.accuracy, classes.macro_f1, classes.mean_error])
def test_unequal_or_no_rows_are_refused(score):
    for answers, references in (([1], [1, 2]), ([], [])):
        with pytest.raises(ValueError, match="one for each"):
            score(answers, references)
