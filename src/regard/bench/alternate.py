"""Fair turns: who is measured when, and what the rounds say of two systems side by side."""

import random
from collections.abc import Mapping, Sequence
from statistics import fmean, median, stdev
from typing import NamedTuple


class Spread(NamedTuple):
    """What several measurements gave."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Minimum, median and maximum. Raises ValueError if there are none."""
        if not values:
            raise ValueError("a spread needs at least one measurement")
        return cls(min(values), median(values), max(values))

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


class Mean(NamedTuple):
    """A mean and its standard error (None: one value has none)."""

    value: float
    error: float | None


def mean(values: Sequence[float]) -> Mean | None:
    """Of independent repetitions; None if there are none."""
    if not values:
        return None
    return Mean(fmean(values), stdev(values) / len(values) ** 0.5 if len(values) > 1 else None)


def orders(names: Sequence[str], rounds: int, seed: int) -> list[list[str]]:
    """The order of each round: drawn, and in the next round backwards.

    So whoever comes early in one round comes late in the next, and over an even number of rounds
    every system comes before every other as often as after it.
    """
    rng = random.Random(seed)
    found: list[list[str]] = []
    for i in range(rounds):
        drawn = found[-1][::-1] if i % 2 else rng.sample(list(names), len(names))
        found.append(drawn)
    return found


def ratio(
    rounds: Sequence[Mapping[str, float]], ours: str, other: str, more_is_better: bool = True
) -> Spread | None:
    """How many times as good ours is, round by round, so that what slowed a round slowed both.

    A round that lacks one of the two is left out; None if all do.
    """
    pairs = [(r[ours], r[other]) for r in rounds if ours in r and other in r]
    if not pairs:
        return None
    return Spread.of([a / b if more_is_better else b / a for a, b in pairs])


def hardest(ratios: Mapping[str, Spread]) -> str:
    """Of a peer's variants the one that ours beats by least: its better figure counts."""
    return min(ratios, key=lambda name: ratios[name].middle)
