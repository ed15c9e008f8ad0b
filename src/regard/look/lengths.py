"""Time by length on logarithmic axes: a slope of two is all pairs, a slope of one is linear."""

from collections.abc import Mapping
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from regard.look.figure import ACCENT, DPI, INK, QUIET, Lettering

WIDE, HIGH = 7.2, 5.4  # inches
DENSE = "softmax"
APART = 0.028  # of the height: names at the right edge do not touch


def lengths(kinds: Mapping[str, Mapping[str, Any]]) -> Figure:
    """A line for each kind; dense attention stands out, and those are named that reach the end.

    `kinds`: by name, `lengths`, which gives for each length (as text) `both_s`, seconds forward
    and backward.
    """
    letters = Lettering(list(kinds))
    figure = Figure(figsize=(WIDE, HIGH), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.1, 0.66, 0.82))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(QUIET)
    axes.tick_params(which="both", length=0, labelsize=7, labelcolor=QUIET)
    ends, most = [], max(int(n) for got in kinds.values() for n in got["lengths"])
    for name, got in kinds.items():
        x = [int(length) for length in got["lengths"]]
        y = [figures["both_s"] for figures in got["lengths"].values()]
        dense, whole = name == DENSE, x[-1] == most
        axes.plot(x, y, color=INK if dense else ACCENT if whole else QUIET,
                  lw=2.2 if dense else 0.9, alpha=1 if dense else 0.6 if whole else 0.35,
                  zorder=3 if dense else 2)  # fmt: skip
        if whole:
            ends.append((name, x[-1], y[-1]))
    axes.set_xticks(ticks := sorted({int(n) for got in kinds.values() for n in got["lengths"]}))
    axes.set_xticklabels([f"{n:,}" for n in ticks])
    axes.set_xlabel("positions", **letters.style(8, QUIET))
    axes.set_ylabel("seconds, forward and backward", **letters.style(8, QUIET))
    name_ends(axes, ends, letters)
    return figure


def name_ends(axes: Any, ends: list[tuple[str, int, float]], letters: Lettering) -> None:
    """Names beside the plot, in the order in which the lines end, with threads to their ends."""
    to_axes = axes.transAxes.inverted().transform
    points = [(name, to_axes(axes.transData.transform((x, y)))) for name, x, y in ends]
    points.sort(key=lambda point: point[1][1])
    low = -0.04
    for name, (x, y) in points:
        low = max(y, low + APART)
        dense = name == DENSE
        axes.plot([x, 1.03], [y, low], color=QUIET, lw=0.4, alpha=0.6, clip_on=False,
                  transform=axes.transAxes)  # fmt: skip
        axes.text(1.04, low, name, transform=axes.transAxes, va="center",
                  **letters.style(6.5, INK if dense else QUIET))  # fmt: skip
