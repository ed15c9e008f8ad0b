"""A picture of words and what they count for: a column for slopes, a column for attention.

A row for each word, a bar to the right for the answer and to the left against it.
"""

from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from regard.look.attributed import CAVEAT, LOOKS, NAMES, SLOPES, Attributed
from regard.look.figure import ACCENT, DPI, INK, QUIET, Lettering

AGAINST = "#a8481f"
ROW, WIDE, BETWEEN, EDGE, ABOVE = 0.24, 2.1, 0.35, 0.35, 0.85  # inches
MOST = 120  # words; a longer text is drawn as far as these


def marked(found: Attributed) -> Figure:
    """A bar for each word by each method."""
    first = found.methods[SLOPES[0]]
    read = [(t, i) for t, row in enumerate(first) for i, x in enumerate(row) if x is not None]
    places = read[:MOST]
    words = [found.words[t][i] for t, i in places]
    letters = Lettering([*words, found.label])
    labels = [letters.label(word) for word in words]
    names = [name for name in (*SLOPES, *LOOKS) if name in found.methods]
    left = EDGE + max(letters.width(label, 9) for label in labels) + 0.15
    wide = left + len(names) * (WIDE + BETWEEN) - BETWEEN + EDGE
    all_of_it = len(places) == sum(map(len, found.words))
    notes = [
        f"Slopes are of {found.explains}.",
        CAVEAT,
        found.missing and f"No attention: {found.missing}.",
        letters.note and f"({letters.note})",
        "" if all_of_it else "Further words were not read, or had no room here.",
    ]
    said = wrap(" ".join(filter(None, notes)), int((wide - 2 * EDGE) / 0.068))
    below = EDGE + 0.17 * len(said)
    high = ABOVE + ROW * len(words) + 0.2 + below
    figure = Figure(figsize=(wide, high), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    head = letters.label(answered(found), 90)
    figure.text(EDGE / wide, 1 - 0.4 / high, head, **letters.style(12, INK))
    for number, line in enumerate(said):
        y = (below - 0.1 - 0.17 * (number + 1)) / high
        figure.text(EDGE / wide, y, line, **letters.style(7.5, QUIET))
    for column, name in enumerate(names):
        x = left + column * (WIDE + BETWEEN)
        box = (x / wide, (below + 0.1) / high, WIDE / wide, ROW * len(words) / high)
        values = [found.methods[name][t][i] for t, i in places]
        axes = figure.add_axes(box)
        bars(axes, values, labels if not column else [], letters, NAMES[name])
        for row in (n for n, (t, i) in enumerate(places) if t and not i):  # the second text
            axes.axhline(row - 0.5, color=QUIET, lw=0.5, ls=(0, (4, 3)))
    return figure


def answered(found: Attributed) -> str:
    """The label and how probable it is."""
    p = found.probabilities.get(found.label)
    return found.label if p is None else f"{found.label}  {100 * p:.0f} %"


def bars(
    axes: Axes, values: Sequence[float | None], labels: Sequence[str], letters: Lettering, name: str
) -> None:
    """One method's."""
    sizes = [value or 0.0 for value in values]
    top = max(map(abs, sizes), default=0) or 1.0
    signed = min(sizes, default=0) < 0 or name in (NAMES[x] for x in SLOPES)
    colours = [ACCENT if x >= 0 else AGAINST for x in sizes]
    axes.barh(range(len(sizes)), sizes, height=0.62, color=colours)
    axes.axvline(0, color=QUIET, lw=0.6)
    axes.set_xlim(-1.05 * top if signed else 0, 1.05 * top)
    axes.set_ylim(len(sizes) - 0.4, -0.6)  # from the top
    axes.set_xticks([])
    axes.set_yticks(range(len(labels)), labels, **letters.style(9))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(name, loc="left", pad=8, **letters.style(8.5, QUIET))
