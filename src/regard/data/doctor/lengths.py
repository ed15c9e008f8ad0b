"""Rows whose halves do not fit in length, and rows too long to be a sentence.

The log of the length ratio is compared with its median over the training rows, by a robust z score
(median absolute deviation); a few characters added to both lengths damp the ratio of short lines.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from regard.data.doctor.base import Corpus, Finding, Row

_LONGEST = 2_000  # characters
_DAMP = 8
_RATIO = 3.0  # times the usual ratio ...
_Z = 6.0  # ... and as many deviations from it
_MAD = 1.4826  # makes the median absolute deviation that of a normal distribution
_FEWEST = 20  # rows; fewer have no usual ratio


def _ratios(rows: Sequence[Row]) -> np.ndarray:
    sizes = np.array([(len(row.source), len(row.target)) for row in rows], float).reshape(-1, 2)
    return np.log((sizes[:, 1] + _DAMP) / (sizes[:, 0] + _DAMP))


def bounds(ratios: np.ndarray) -> tuple[float, float]:
    """Return the middle and the largest deviation of log length ratios that are no outliers.

    Outliers are taken out until none is left, so what is kept finds no outlier in itself.
    """
    while True:
        middle = float(np.median(ratios))
        spread = _MAD * float(np.median(np.abs(ratios - middle)))
        limit = max(np.log(_RATIO), _Z * spread)
        kept = ratios[np.abs(ratios - middle) <= limit]
        if len(kept) == len(ratios) or len(kept) < _FEWEST:
            return middle, limit
        ratios = kept


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield a `long` warning for rows with a side too long, a `ratio` one for odd length ratios."""
    rows = {split: list(corpus.live(split)) for split in corpus.splits}
    for split, chosen in rows.items():
        for row in chosen:
            longest = max(len(row.source), len(row.target))
            if longest > _LONGEST:
                why = f"a side of {longest:,} characters"
                yield corpus.finding("long", "warning", split, row.line, why, "drop")
    rows = {split: [row for row in chosen if max(map(len, row[1:])) <= _LONGEST]
            for split, chosen in rows.items()}  # fmt: skip
    if len(rows[corpus.training]) < _FEWEST:
        return
    middle, limit = bounds(_ratios(rows[corpus.training]))
    for split, chosen in rows.items():
        off = _ratios(chosen) - middle
        for index in np.flatnonzero(np.abs(off) > limit):
            side = "long" if off[index] > 0 else "short"
            why = f"the target is {np.exp(abs(off[index])):.1f} times too {side} for its source"
            yield corpus.finding("ratio", "warning", split, chosen[index].line, why, "drop")
