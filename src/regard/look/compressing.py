"""What is lost by making a run smaller: quality against size, and against speed."""

from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from regard.look.figure import ACCENT, DPI, INK, QUIET, Lettering

WIDE, HIGH = 8.4, 4.2  # inches
COLOURS = {"heads": ACCENT, "layers": "#b0562b", "weights": "#3f7f5f", "student": "#8a5a9e"}
MIB = 2**20


def compressing(rows: Sequence[dict[str, Any]], within: float, chosen: str | None) -> Figure:
    """Two panels that share their height; points in 8 bits are filled, the chosen one is ringed.

    `rows`: of `regard compress`, the original first; points that failed are left out.
    """
    rows = [row for row in rows if "failed" not in row]
    letters = Lettering([row["name"] for row in rows])
    figure = Figure(figsize=(WIDE, HIGH), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    panels = [figure.add_axes((left, 0.14, 0.41, 0.8)) for left in (0.075, 0.57)]
    panels[1].sharey(panels[0])
    panels[0].set_ylabel(f"{rows[0]['metric']} on dev", **letters.style(8, QUIET))
    sides = (("MiB of the weights' file", size), ("times as fast as the original", fast))
    for axes, (name, of) in zip(panels, sides, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["bottom", "left"]].set_color(QUIET)
        axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)
        axes.set_xlabel(name, **letters.style(8, QUIET))
        axes.axhline(rows[0]["score"] - within, color=QUIET, lw=0.8, ls=(0, (4, 3)))
        axes.margins(0.3, 0.12)
        for row in rows:
            put(axes, of(row), row, row["name"] == chosen, letters)
    return figure


def put(axes: Any, x: float, row: dict[str, Any], ringed: bool, letters: Lettering) -> None:
    """One point with its name."""
    colour = COLOURS.get(row["kind"], INK)
    filled = colour if row["precision"] == "int8" else "white"
    y = row["score"]
    axes.plot([x], [y], "o", ms=5, mfc=filled, mec=colour, mew=1.2, zorder=3)
    if ringed:
        axes.plot([x], [y], "o", ms=11, mfc="none", mec=INK, mew=1, zorder=2)
    axes.annotate(letters.label(row["name"]), (x, y), xytext=(6, 3), textcoords="offset points",
                  **letters.style(6.5, INK if ringed else QUIET))  # fmt: skip


def size(row: dict[str, Any]) -> float:
    """Of the file as it lies there."""
    return row["file_bytes"] / MIB


def fast(row: dict[str, Any]) -> float:
    """The median over the rounds; the original is as fast as itself."""
    return row["ratio"][1] if "ratio" in row else 1.0
