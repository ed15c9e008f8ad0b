"""How far probabilities can be believed: what was said with p should come true in a share of p.

`n` cases: `said` (n,) probabilities, `true` (n,) whether it came true.
"""

from dataclasses import dataclass

import numpy as np

BINS = 15


@dataclass(frozen=True)
class Bin:
    """Cases of like probability: the mean of what was said, the share that came true, how many."""

    said: float
    true: float
    count: int


def reliability(said: np.ndarray, true: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Bins of equal width, empty ones left out (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""
    said, true = checked(said, true)
    place = np.minimum((said * bins).astype(int), bins - 1)
    chosen = (place == number for number in range(bins))
    return [Bin(said[c].mean(), true[c].mean(), int(c.sum())) for c in chosen if c.any()]


def expected_error(said: np.ndarray, true: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error: how far apart both are in a bin, on average over cases."""
    found = reliability(said, true, bins)
    return sum(abs(x.said - x.true) * x.count for x in found) / sum(x.count for x in found)


def brier(said: np.ndarray, true: np.ndarray) -> float:
    """Mean squared error (Brier 1950); that of the best constant p is p (1 - p)."""
    said, true = checked(said, true)
    return float(((said - true) ** 2).mean())


def auroc(said: np.ndarray, true: np.ndarray) -> float:
    """The chance that a case which came true was given more than one which did not; ties are half.

    ValueError if all came true, or none.
    """
    said, true = checked(said, true)
    positive = int(true.sum())
    negative = len(true) - positive
    if not positive or not negative:
        raise ValueError("all cases came true, or none did: there is nothing to tell apart")
    _, inverse, counts = np.unique(said, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # the mean of equal ones
    above = ranks[true == 1].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


@dataclass(frozen=True)
class Figures:
    """How far probabilities can be believed, all at once; `constant`: the Brier score of the best
    constant, which is the share that came true; `auroc`: None if all came true, or none.
    """

    cases: int
    true: float
    ece: float
    brier: float
    constant: float
    auroc: float | None


def figures(said: np.ndarray, true: np.ndarray) -> Figures:
    """Of these cases."""
    said, true = checked(said, true)
    share = float(true.mean())
    above = auroc(said, true) if 0 < share < 1 else None
    error = float(expected_error(said, true))
    return Figures(len(true), share, error, brier(said, true), share * (1 - share), above)


def checked(said: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as numbers. ValueError unless they are as many, and probabilities."""
    said, true = np.asarray(said, float), np.asarray(true, float)
    if said.shape != true.shape or said.ndim != 1 or not len(said):
        raise ValueError(f"shapes {said.shape} and {true.shape}: one outcome for each probability")
    if not ((said >= 0) & (said <= 1)).all():
        raise ValueError("a probability lies between 0 and 1")
    return said, true
