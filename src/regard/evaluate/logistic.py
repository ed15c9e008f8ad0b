"""Logistic regression: how likely something is, by a few numbers that are known of it.

`n` cases, `k` numbers of each.
"""

from dataclasses import dataclass

import numpy as np

STEPS = 100  # far more than Newton's method needs


@dataclass(frozen=True)
class Logistic:
    """Each number centred and scaled, weighed, all added to the bias, brought between 0 and 1."""

    mean: np.ndarray  # (k,), as the next two
    scale: np.ndarray
    weights: np.ndarray
    bias: float

    def of(self, x: np.ndarray) -> np.ndarray:
        """Probabilities (n,) of cases (n, k)."""
        return squash((x - self.mean) / self.scale @ self.weights + self.bias)


def squash(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), without overflow."""
    return 0.5 * (1 + np.tanh(z / 2))


def fit(x: np.ndarray, true: np.ndarray, penalty: float) -> Logistic:
    """The likeliest regression of cases (n, k) that came true or not (n,), by Newton's method.

    `penalty` holds the weights back by penalty / 2 times their squares, and the bias not; above 0,
    there is exactly one answer. Raises ValueError if all came true, or none.
    """
    true = np.asarray(true, float)
    if true.min() == true.max():
        raise ValueError("all cases came true, or none did: there is nothing to learn")
    mean, scale = x.mean(0), x.std(0)
    scale = np.where(scale > 1e-12, scale, 1.0)  # a number that is always the same says nothing
    a = np.column_stack([(x - mean) / scale, np.ones(len(x))])  # (n, k + 1)
    held = penalty * np.append(np.ones(x.shape[1]), 0.0)
    w = np.zeros(a.shape[1])

    def loss(w: np.ndarray) -> float:
        z = a @ w
        return float((np.logaddexp(0, z) - true * z).sum() + (held * w * w).sum() / 2)

    for _ in range(STEPS):
        p = squash(a @ w)
        slope = a.T @ (p - true) + held * w
        bend = (a.T * (p * (1 - p))) @ a + np.diag(held + 1e-9)
        step = np.linalg.solve(bend, slope)
        while loss(w - step) > loss(w) and np.abs(step).max() > 1e-12:  # too far: half the way
            step /= 2
        w = w - step
        if np.abs(step).max() < 1e-9:
            break
    return Logistic(mean, scale, w[:-1], float(w[-1]))


def held_out(x: np.ndarray, true: np.ndarray, penalty: float, folds: int = 10) -> np.ndarray:
    """Probabilities (n,), each by a regression that has not seen the case or its neighbours."""
    fold = np.arange(len(x)) * folds // len(x)
    said = np.empty(len(x))
    for number in range(folds):
        left = fold == number
        said[left] = fit(x[~left], true[~left], penalty).of(x[left])
    return said
