"""Calibration measured as others measure it, and as it must be by definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.evaluate.calibration import auroc, brier, expected_error, figures, reliability

metrics = pytest.importorskip("sklearn.metrics")
CASES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def split(cases):
    said, true = zip(*cases, strict=True)
    return np.array(said), np.array(true)


@given(CASES)
def test_they_are_what_scikit_learn_says(cases):
    said, true = split(cases)
    assert brier(said, true) == pytest.approx(((said - true) ** 2).mean())
    if len(set(true)) == 2:
        assert auroc(said, true) == pytest.approx(metrics.roc_auc_score(true, said))
    else:
        with pytest.raises(ValueError, match="nothing to tell apart"):
            auroc(said, true)


@given(CASES)
def test_every_case_is_in_one_bin(cases):
    said, true = split(cases)
    found = reliability(said, true)
    assert sum(x.count for x in found) == len(cases)
    assert sum(x.true * x.count for x in found) == pytest.approx(true.sum())
    assert 0 <= expected_error(said, true) <= 1


def test_who_tells_the_truth_has_no_error():
    rng = np.random.default_rng(1)
    said = rng.random(200_000)
    true = rng.random(200_000) < said
    assert expected_error(said, true) < 0.01
    assert expected_error(said**2, true) > 0.1
    assert expected_error(np.full(4, 0.5), np.array([0, 1, 0, 1])) == 0
    assert brier(np.full(4, 0.25), np.array([0, 0, 0, 1])) == pytest.approx(0.25 * 0.75)


@pytest.mark.parametrize("said", [[1.2], [float("nan")], [], [[0.5]], [0.1, 0.2]])
def test_what_is_no_probability_is_refused(said):
    with pytest.raises(ValueError):
        brier(np.array(said), np.array([1]))


@given(CASES)
def test_all_figures_are_those_of_their_own(cases):
    said, true = split(cases)
    found = figures(said, true)
    assert (found.cases, found.true) == (len(cases), pytest.approx(true.mean()))
    assert found.ece == pytest.approx(expected_error(said, true))
    assert found.brier == pytest.approx(metrics.brier_score_loss(true, said, pos_label=True))
    best = min(brier(np.full(len(true), p), true) for p in np.linspace(0, 1, 1001))
    assert found.constant == pytest.approx(best, abs=1e-6)
    assert (found.auroc is None) == (len(set(true)) == 1)
