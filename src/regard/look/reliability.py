"""The reliability diagram: what was said of a chance, against how often it came true.

Above, a dot for each bin on or off the line of the truth, with the range in which 95 of 100 such
shares lie by chance alone; below, how many cases the bin has.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from regard.look.figure import ACCENT, DPI, INK, QUIET, Lettering

SIDE, BELOW, EDGE = 3.2, 0.8, 0.6  # inches: of the square, of the counts, around both
LIKELY = 1.96  # standard deviations on either side that hold 95 %


class Bin(Protocol):
    """Cases of like probability, as `evaluate.calibration.Bin`."""

    @property
    def said(self) -> float: ...
    @property
    def true(self) -> float: ...
    @property
    def count(self) -> int: ...


def reliability(bins: Sequence[Bin], title: str) -> Figure:
    """The diagram of these bins."""
    letters = Lettering([title])
    wide, high = SIDE + 2 * EDGE, SIDE + BELOW + 3 * EDGE
    figure = Figure(figsize=(wide, high), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    said, true, count = (np.array([getattr(b, of) for b in bins], float)
                         for of in ("said", "true", "count"))  # fmt: skip

    def axes(bottom: float, tall: float) -> Axes:
        made = figure.add_axes((EDGE / wide, bottom / high, SIDE / wide, tall / high))
        made.spines[["top", "right"]].set_visible(False)
        made.spines[["bottom", "left"]].set_color(QUIET)
        made.tick_params(length=0, labelsize=7, labelcolor=QUIET)
        made.set_xlim(0, 1)
        return made

    small: dict[str, Any] = letters.style(8, QUIET)
    square = axes(BELOW + 2 * EDGE, SIDE)
    square.set_ylim(0, 1)
    square.plot([0, 1], [0, 1], color=QUIET, lw=0.8, ls=(0, (4, 3)), zorder=1)
    chance = LIKELY * np.sqrt(said * (1 - said) / np.maximum(count, 1))
    low, high_ = np.clip(said - chance, 0, 1), np.clip(said + chance, 0, 1)
    square.vlines(said, low, high_, color="#b9c3e2", lw=5, zorder=2)
    square.plot(said, true, "o", color=ACCENT, ms=4.5, zorder=3, clip_on=False)
    square.set_ylabel("share that came true", **small)
    square.set_title(letters.label(title, 60), loc="left", pad=10, **letters.style(9, INK))
    counts = axes(EDGE, BELOW)
    counts.bar(said, count, width=0.035, color=ACCENT)
    counts.set_ylabel("cases", **small)
    counts.set_xlabel("probability that was said", **small)
    return figure
