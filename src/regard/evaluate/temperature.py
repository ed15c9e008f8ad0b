"""Temperature scaling: one number that makes a classifier as sure as it is right, and the least
confidence at which it is right often enough.

Guo et al. 2017, section 4.2 (https://arxiv.org/abs/1706.04599): softmax(logits / t), t from
held-out rows. Here it acts on probabilities, softmax(log p / t), which is the same for a softmax
and serves any other classifier too; the answer stays what it was.

`N` rows, `L` labels: `said` (N L) probabilities, `true` (N) the right label's number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST = 1e-9  # what counts as no probability: not certain, so that the loss is finite
RANGE = (0.02, 50.0)  # of 1 / t: beyond, a few rows that are all right would make one certain
HALVINGS = 60


def scaled(said: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities at a temperature: above 1 less sure, below 1 surer."""
    power = np.log(np.maximum(said, LEAST)) / temperature
    raised = np.exp(power - power.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def loss(said: np.ndarray, true: np.ndarray) -> float:
    """Mean negative log-probability of the right label (nats)."""
    return float(-np.log(np.maximum(said[np.arange(len(true)), true], LEAST)).mean())


def fitted(said: np.ndarray, true: np.ndarray) -> float:
    """The temperature of the least loss.

    The loss is convex in 1 / t: its slope, what is expected of log p less what came true, rises,
    and is zero where it is least. ValueError unless there is a label for each row.
    """
    if len(said) != len(true) or not len(true):
        raise ValueError(f"{len(said)} rows and {len(true)} labels: one for each")
    logs = np.log(np.maximum(said, LEAST))
    came = logs[np.arange(len(true)), true].mean()

    def slope(inverse: float) -> float:
        return float((scaled(said, 1 / inverse) * logs).sum(1).mean() - came)

    low, high = RANGE
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 1 / (low * high) ** 0.5


@dataclass(frozen=True)
class Threshold:
    """Answers of `least` confidence or more are right in a share of `accuracy`, and `coverage` of
    all rows have one; `wanted` is what was asked for.
    """

    wanted: float
    least: float
    accuracy: float
    coverage: float


def threshold(said: np.ndarray, right: np.ndarray, wanted: float) -> Threshold | None:
    """The lowest confidence (n) from which on answers are right (n) as often as wanted.

    None if no part of them is.
    """
    order = np.argsort(-said, kind="stable")
    sorted_, share = said[order], np.cumsum(right[order]) / np.arange(1, len(said) + 1)
    last = np.append(sorted_[1:] != sorted_[:-1], True)  # equals are answered together
    good = np.flatnonzero(last & (share >= wanted))
    if not len(good):
        return None
    end = int(good[-1])
    return Threshold(wanted, float(sorted_[end]), float(share[end]), (end + 1) / len(said))


def thresholds(said: np.ndarray, right: np.ndarray, wanted: Sequence[float]) -> list[Threshold]:
    """One for each share of right answers that can be had by leaving rows out."""
    found = (threshold(said, right, share) for share in wanted if share > right.mean())
    return [one for one in found if one is not None]
