"""Are two texts the same thing? Where a score says yes, and how often that is right.

`n` pairs: scores (n,), more is more alike; same (n,) bool; groups (n,): rows that are not
independent of each other, such as those of one problem.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from regard.evaluate.calibration import auroc


class Interval(NamedTuple):
    """A figure, and the bounds between which it lies in 95 of 100 samples."""

    value: float
    low: float
    high: float


def threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The score from which on a yes is most often right, midway between two that are there."""
    scores, same = np.asarray(scores, float), np.asarray(same, bool)
    order = np.argsort(scores)
    ranked, truth = scores[order], same[order]
    # right if the first i are told apart: noes among them, yeses behind them
    right = np.concatenate([[0], np.cumsum(~truth)]) + truth.sum() - np.r_[0, np.cumsum(truth)]
    cuts = np.r_[True, ranked[1:] > ranked[:-1], True]  # equal scores stay together
    best = int(np.argmax(np.where(cuts, right, -1)))
    if best == 0:
        return float(ranked[0]) - 1e-6
    if best == len(ranked):
        return float(ranked[-1]) + 1e-6
    return float(ranked[best - 1] + ranked[best]) / 2


def auc(scores: np.ndarray, same: np.ndarray) -> float:
    """The chance that a pair that is the same scores higher than one that is not, in percent.

    ValueError if all are the same, or none.
    """
    _, place = np.unique(np.asarray(scores, float), return_inverse=True)
    place = place.reshape(-1)  # auroc wants numbers between 0 and 1: ranks, equals sharing one
    return 100 * auroc(place / max(place.max(initial=0), 1), same)


def resampled(
    right: np.ndarray, groups: Sequence[Hashable], samples: int = 2000, seed: int = 1
) -> Interval:
    """The mean of `right` (n,), in percent: groups are drawn anew, so that rows hang together.

    For accuracy 0 or 1 a row; for the difference of two systems -1, 0 or 1.
    """
    right = np.asarray(right, float)
    _, place = np.unique(np.array([str(group) for group in groups]), return_inverse=True)
    total = np.bincount(place, right)
    count = np.bincount(place)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(count), size=(samples, len(count)))
    means = 100 * total[drawn].sum(1) / count[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(100 * float(right.mean()), float(low), float(high))
