"""Is one system better than another? Paired bootstrap resampling over lines (Koehn 2004) and, where
a system comes as several runs, over runs too.

Legend: `R` resamples, `N` lines, `K` statistics of a line, `U` runs (seeds) of both systems.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from regard.evaluate.scores import Measure, Refs, measure

Outputs = Sequence[str] | Sequence[Sequence[str]]
LEVEL = 0.05
_CELLS = 2**22  # entries of the largest temporary matrix


@dataclass(frozen=True)
class Verdict:
    """Two systems' scores, their difference (b - a) with its 95 % interval, and what follows."""

    metric: str
    a: float
    b: float
    difference: float
    ci: tuple[float, float]
    p: float
    sentence: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def __str__(self) -> str:
        return self.sentence


def paired_bootstrap(
    a: Outputs,
    b: Outputs,
    refs: Refs,
    metric: str | Measure = "bleu",
    *,
    language: str | None = None,
    names: tuple[str, str] = ("A", "B"),
    resamples: int = 1000,
    seed: int = 12345,
) -> Verdict:
    """Compare two systems on the same lines; each is a list of lines, or several such (seeds).

    With several seeds a system's score is the mean over its seeds, and each resample draws seeds as
    well as lines. The p-value is sacreBLEU's (and Moses'), draw for draw if there is one seed; it
    looks at one tail only, so a difference counts as shown only if the interval leaves out zero.
    Raises ValueError if the lists do not fit.
    """
    chosen = measure(metric, language) if isinstance(metric, str) else metric
    systems = [_runs(a), _runs(b)]
    stats = [chosen.statistics(run, refs) for runs in systems for run in runs]
    own = np.array([chosen.value(table.sum(0)) for table in stats])  # (U,)
    rng = np.random.default_rng(seed)
    drawn = _resample(chosen, np.stack(stats, 1), resamples, rng)  # (R, U)
    split = len(systems[0])
    score_a, score_b = float(own[:split].mean()), float(own[split:].mean())
    # rounded, so that two equal systems differ by exactly nothing
    sampled = np.round(_seeds(drawn[:, split:], rng) - _seeds(drawn[:, :split], rng), 9)  # (R,)
    difference = round(score_b - score_a, 9)
    low, high = np.quantile(sampled, (LEVEL / 2, 1 - LEVEL / 2))
    p = _p_value(sampled, difference)
    sign = 1 if chosen.higher_is_better else -1
    said = sentence(chosen.name, names, difference, (low, high), p, sign)
    return Verdict(chosen.name, score_a, score_b, difference, (float(low), float(high)), p, said)


def _runs(outputs: Outputs) -> list[Sequence[str]]:
    if not len(outputs):
        raise ValueError("There is nothing to compare: a system has no lines.")
    return [outputs] if isinstance(outputs[0], str) else list(outputs)  # type: ignore[list-item]


def _resample(
    chosen: Measure, stats: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """The score of every run on every resample of the lines, the same lines for all: (R, U)."""
    lines, runs, width = stats.shape
    flat = stats.reshape(lines, runs * width)
    totals = np.concatenate([counts @ flat for counts in _counts(lines, resamples, rng)])
    rows = totals.reshape(resamples * runs, width)
    return np.array([chosen.value(row) for row in rows]).reshape(resamples, runs)


def _counts(lines: int, resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each resample holds each line, some resamples at a time: (part of R, N)."""
    part = max(1, _CELLS // lines)
    for start in range(0, resamples, part):
        rows = min(part, resamples - start)
        picks = rng.integers(0, lines, size=(rows, lines)) + lines * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * lines).reshape(rows, lines).astype(float)


def _seeds(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean score of seeds drawn with replacement: (R, seeds) -> (R,)."""
    resamples, seeds = scores.shape
    mean = scores.mean(1)
    if seeds == 1:
        return mean
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds
    # Drawing from so few understates their spread by (seeds - 1) / seeds: stretch it back
    # (Rao & Wu 1988, "Resampling Inference with Complex Survey Data").
    return mean + np.sqrt(seeds / (seeds - 1)) * ((weights * scores).sum(1) - mean)


def _p_value(sampled: np.ndarray, difference: float) -> float:
    """How often chance alone, the sampled differences moved to mean zero, beats what was seen."""
    if not sampled.any():
        return 1.0  # the same score whatever the lines; the count below would call that certain
    away = np.abs(sampled)
    beaten = int((away - away.mean() > abs(difference)).sum())
    return (beaten + 1) / (len(sampled) + 1)


def sentence(
    metric: str,
    names: tuple[str, str],
    difference: float,
    ci: tuple[float, float],
    p: float,
    sign: int,
) -> str:
    """The verdict. `sign` -1: lower is better, so that `better by` still speaks of a gain."""
    chance = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    shown = p < LEVEL and (ci[0] > 0 or ci[1] < 0)
    flip = -1 if shown and difference < 0 else 1
    low, high = sorted(flip * end for end in ci)
    # as many digits as it takes to tell each number from zero
    sizes = [abs(x) for x in (difference, low, high) if x]
    digits = next((d for d in (1, 2) if all(round(x, d) > 0 for x in sizes)), 3)
    if shown:
        better = names[1] if sign * difference > 0 else names[0]
        return (
            f"{better} is better by {abs(difference):.{digits}f} {metric} "
            f"(95 % interval {low:.{digits}f} to {high:.{digits}f}, {chance})."
        )
    return (
        f"No evidence of a difference: {names[1]} minus {names[0]} is {difference:.{digits}f} "
        f"{metric} (95 % interval {low:.{digits}f} to {high:.{digits}f}, {chance})."
    )
