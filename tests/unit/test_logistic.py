"""Logistic regression as others do it, and as it must be by definition."""

import numpy as np
import pytest

from regard.evaluate.logistic import fit, held_out


def cases(n: int = 400, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of very unlike size, the probabilities that follow from them, what came true."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) * [1, 1000, 1e-3] + [0, 5000, 7]
    p = 1 / (1 + np.exp(-(0.5 + 2 * x[:, 0] - 0.001 * (x[:, 1] - 5000))))
    return x, p, rng.random(n) < p


@pytest.mark.parametrize("penalty", [0.1, 1.0, 30.0])
def test_it_is_what_scikit_learn_finds(penalty):
    linear = pytest.importorskip("sklearn.linear_model")
    x, _, true = cases()
    made = fit(x, true, penalty)
    scaled = (x - x.mean(0)) / x.std(0)
    theirs = linear.LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=1000).fit(scaled, true)
    np.testing.assert_allclose(made.weights, theirs.coef_[0], atol=1e-5)
    assert made.bias == pytest.approx(theirs.intercept_[0], abs=1e-5)
    np.testing.assert_allclose(made.of(x), theirs.predict_proba(scaled)[:, 1], atol=1e-6)


def test_it_finds_what_the_truth_was():
    x, p, true = cases(20_000)
    made = fit(x, true, 1.0)
    assert np.abs(made.of(x) - p).mean() < 0.01
    assert made.of(x).mean() == pytest.approx(true.mean(), abs=1e-9)  # the bias is held by nothing


def test_cases_that_can_be_told_apart_wholly_have_an_answer():
    x = np.linspace(-1, 1, 50)[:, None]
    made = fit(x, x[:, 0] > 0, 1e-3)
    said = made.of(np.array([[-1e9], [-1.0], [1.0], [1e9]]))
    assert np.isfinite(made.weights).all() and (np.diff(said) >= 0).all()
    assert said[0] == 0 and said[1] < 0.01 and said[2] > 0.99 and said[3] == 1


def test_a_number_that_never_changes_says_nothing():
    x, _, true = cases()
    same = np.column_stack([x, np.full(len(x), 3.3)])
    np.testing.assert_allclose(fit(same, true, 1.0).of(same), fit(x, true, 1.0).of(x), atol=1e-9)


@pytest.mark.parametrize("true", [np.zeros(9), np.ones(9)])
def test_nothing_is_learnt_where_all_came_out_alike(true):
    with pytest.raises(ValueError, match="nothing to learn"):
        fit(np.arange(9.0)[:, None], true, 1.0)


def test_a_case_left_out_does_not_know_its_own_outcome():
    x, _, true = cases(100)
    said = held_out(x, true, 1.0, folds=5)
    turned = true.copy()
    turned[20:40] = ~turned[20:40]  # the second fifth
    again = held_out(x, turned, 1.0, folds=5)
    assert (again[20:40] == said[20:40]).all()
    assert (np.delete(again, np.s_[20:40]) != np.delete(said, np.s_[20:40])).all()
