"""What `regard study length` shows: BLEU by source length as a picture, and the report as text."""

from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = {"fixed": "#b4552d", "attention": "#3b50a0"}
NAMES = {"fixed": "one fixed vector", "attention": "additive attention"}


def figure(report: dict[str, Any]) -> Figure:
    """Both curves with their 95 % bands, over the mean length of the sources."""
    bins = report["bins"]
    drawn = Figure(figsize=(6.4, 4.0), dpi=160, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.add_subplot()
    words = [b["words"] for b in bins]
    for model, colour in COLOURS.items():
        low, high = ([b[model][end] for b in bins] for end in ("low", "high"))
        axes.fill_between(words, low, high, color=colour, alpha=0.15, linewidth=0)
        scores = [b[model]["bleu"] for b in bins]
        axes.plot(words, scores, "o-", color=colour, linewidth=1.8, markersize=4)
        axes.annotate(
            NAMES[model], (words[1], scores[1]), textcoords="offset points", ha="center",
            xytext=(0, 16 if model == "attention" else -24), color=colour,
        )  # fmt: skip
    ticks = [f"{b['words']:.0f} words\n{b['joined']} joined\nn = {b['rows']}" for b in bins]
    axes.set_xticks(words, ticks)
    top = max(b[model]["high"] for b in bins for model in COLOURS)
    axes.set_ylim(0, 1.15 * top or 1)
    axes.margins(x=0.06)
    axes.set_ylabel("BLEU")
    title = "Multi30k German-English, pairs joined one to five at a time"
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    seeds = report.get("seeds", 1)
    note = f"{seeds} seed{'s' if seeds > 1 else ''}; bands: 95 % of bootstrap resamples"
    axes.set_xlabel(note, fontsize=7, color="#7c7f8c", loc="left")
    return drawn


def markdown(report: dict[str, Any]) -> str:
    """The verdict, the table by length, what it cost, and what was done."""
    lines = ["# Does a fixed vector fail on long sentences?", "", report["verdict"], ""]
    lines += ["![BLEU by source length](length.png)", ""]
    lines += ["| pairs joined | source words | rows | fixed vector | attention |"]
    lines += ["|--:|--:|--:|--:|--:|"]
    for b in report["bins"]:
        cells = [f"{b[m]['bleu']:.1f} ({b[m]['low']:.1f}–{b[m]['high']:.1f})" for m in NAMES]
        lines.append(f"| {b['joined']} | {b['words']:.1f} | {b['rows']} | {' | '.join(cells)} |")
    over = report["overall"]
    whole = f"{over['rows']} | {over['a']:.1f} | {over['b']:.1f}"
    lines.append(f"| all, each sentence once | | {whole} |")
    lines += ["", f"{over['sentence']} Seeds: {report['seeds']}. In brackets: 95 % intervals.", ""]
    for model, cost in report["models"].items():
        lines.append(
            f"* {NAMES[model]}: {cost['parameters'] or 0:,} parameters, {cost['steps']} steps, "
            f"{(cost['seconds'] or 0) / 60:.1f} min on {cost['hardware']}"
        )
    lines += [f"* metric: `{report['metric']}`"]
    lines += [f"* changes to the recipes: {', '.join(report['changes']) or 'none'}"]
    return "\n".join(lines) + "\n"
