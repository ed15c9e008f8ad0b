"""The mean over a few seeds, and how far it can be believed: Student's interval."""

import math
from collections.abc import Sequence
from typing import NamedTuple

# Student's t that 95 % lie within, for 1 to 30 degrees of freedom; beyond, 30's is near enough
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
       2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
       2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)  # fmt: skip


class Mean(NamedTuple):
    """Mean over seeds and its 95 % interval (None of one seed: there is no telling)."""

    value: float
    low: float | None
    high: float | None


def mean(values: Sequence[float]) -> Mean:
    """Of one figure a seed. ValueError if there is none."""
    if not values:
        raise ValueError("no figure: there is no mean of nothing")
    middle = math.fsum(values) / len(values)
    if len(values) == 1:
        return Mean(middle, None, None)
    spread = math.fsum((x - middle) ** 2 for x in values) / (len(values) - 1)
    reach = T95[min(len(values) - 1, len(T95)) - 1] * math.sqrt(spread / len(values))
    return Mean(middle, middle - reach, middle + reach)


def difference(a: Sequence[float], b: Sequence[float]) -> Mean:
    """b - a, seed by seed: what a seed does to both is taken out. ValueError if they do not fit."""
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} seeds: the same for both")
    return mean([y - x for x, y in zip(a, b, strict=True)])
