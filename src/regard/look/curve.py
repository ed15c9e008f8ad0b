"""A learning curve: how good by how many labels, the mean over seeds and its 95 % interval."""

from collections.abc import Mapping
from typing import Any, Protocol

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from regard.look.figure import ACCENT, DPI, INK, QUIET, Lettering

WIDE, HIGH = 5.6, 4.0  # inches
COLOURS = (INK, ACCENT, "#b3502c", "#3f8f5b", "#8a5aa8")
APART = 0.05  # of the height: names at the right edge do not touch


class Mean(Protocol):
    """As `evaluate.seeds.Mean`."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def curve(means: Mapping[str, Mapping[int, Mean]], metric: str) -> Figure:
    """A line for each variant over numbers of labels, on a logarithmic axis."""
    letters = Lettering([*means, metric])
    figure = Figure(figsize=(WIDE, HIGH), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.11, 0.13, 0.66, 0.82))
    axes.set_xscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(QUIET)
    axes.tick_params(which="both", length=0, labelsize=7, labelcolor=QUIET)
    axes.grid(axis="y", color=QUIET, alpha=0.15, lw=0.6)
    for i, row in enumerate(means.values()):
        colour = COLOURS[i % len(COLOURS)]
        axes.plot(
            list(row), [one.value for one in row.values()], "o-", color=colour, ms=3.5, lw=1.4
        )
        band(axes, row, colour)
    ticks = sorted({n for row in means.values() for n in row})
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.minorticks_off()
    axes.set_xlabel("labels", **letters.style(8, QUIET))
    axes.set_ylabel(metric, **letters.style(8, QUIET))
    name_ends(axes, means, letters)
    return figure


def band(axes: Any, row: Mapping[int, Mean], colour: str) -> None:
    """The interval, where there is one."""
    there = {n: one for n, one in row.items() if one.low is not None}
    if there:
        low, high = ([getattr(one, end) for one in there.values()] for end in ("low", "high"))
        axes.fill_between(list(there), low, high, color=colour, alpha=0.15, lw=0)


def name_ends(axes: Any, means: Mapping[str, Mapping[int, Mean]], letters: Lettering) -> None:
    """Names beside the ends of the lines, in their order."""
    place = axes.transAxes.inverted().transform
    ends = [
        (place(axes.transData.transform((max(row), row[max(row)].value)))[1], i, name)
        for i, (name, row) in enumerate(means.items())
    ]
    low = -1.0
    for y, i, name in sorted(ends):
        low = max(y, low + APART)
        axes.text(1.03, low, letters.label(name, 28), transform=axes.transAxes, va="center",
                  **letters.style(7.5, COLOURS[i % len(COLOURS)]))  # fmt: skip
