"""The part of docs/family.md that tells what each part is worth: the table of `regard bench swap`,
and advice drawn from it alone.
"""

import statistics
from pathlib import Path
from typing import Any

from regard import results

ROOT = Path(__file__).resolve().parents[1]
PLAIN = "plain"
NOTABLE = 0.1  # of speed or memory, from which it is said
TEXT = """
## What each part is worth

The same small translator (Multi30k de-en, 4 + 4 layers, width 128, {minutes:g} minutes of
{threads} core{s} of {hardware} for each row), with one line of its recipe changed: attention and
mixer on both sides, or in the encoder alone where a kind cannot write. Equal time, not equal
updates: what is slow sees less text. Ranked by dev loss. The plain model was trained from {seeds}
seeds; = marks a loss within two standard deviations of them, {low:.3f} to {high:.3f}: a tie. Dev
BLEU is of greedy answers to 500 sentences. Updates come from a trial of 20 s before each row;
tokens/s are of the whole row, beside other work on the machine (for Reformer and Nystrom on the
very same core), so differences below a fifth mean little. Measured by `{command}`.

| | in | dev loss | dev BLEU | tokens/s | updates | MiB | parameters |
|---|---|--:|--:|--:|--:|--:|--:|
{lines}
**Advice, from this table alone** (rows of some 13 words, a small model, minutes of training):
{advice}
"""


def worth() -> str:
    """The section; "" if nothing was measured."""
    rows = [row for row in results.rows(ROOT / "results") if row["name"].startswith("swap/")]
    if not rows:
        return ""
    rows.sort(key=lambda row: row["value"])
    low, _, high = rows[0]["band"]["dev_nll"]
    told = dict(pair.split(":") for pair in rows[0]["metric"].split("|")[1:])
    threads = int(told["threads"])
    return TEXT.format(
        minutes=float(told["minutes"]), threads="one" if threads == 1 else threads,
        s="" if threads == 1 else "s", hardware=rows[0]["hardware"].partition(",")[0],
        seeds=len([row for row in rows if kind(row) == PLAIN]), low=low, high=high,
        command="`, `".join(sorted({row["command"] for row in rows})),
        lines="".join(map(line, rows)), advice=advice(rows, low, high),
    )  # fmt: skip


def kind(row: dict[str, Any]) -> str:
    """FAMILY.KIND, or plain."""
    return row["name"].rpartition("/")[2]


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    low, _, high = row["band"]["dev_nll"]
    name = f"plain, seed {row['seeds'][0]}" if kind(row) == PLAIN else kind(row)
    tie = " =" if low <= row["value"] <= high else ""
    cells = (
        f"{row['value']:.3f}{tie}", f"{row['dev_bleu']:.1f}", f"{row['tokens_per_s']:,.0f}",
        f"{row['steps']:,}", f"{row['peak_mib']:,.0f}", f"{row['parameters']:,}",
    )  # fmt: skip
    return f"| {name} | {' and '.join(row['where'])} | {' | '.join(cells)} |\n"


def advice(rows: list[dict[str, Any]], low: float, high: float) -> str:
    """Who is better, who ties and is cheaper, who is worse."""
    plain = [row for row in rows if kind(row) == PLAIN]
    speed = statistics.mean(row["tokens_per_s"] for row in plain)
    room = statistics.mean(row["peak_mib"] for row in plain)
    other = [row for row in rows if kind(row) != PLAIN]
    better = [row for row in other if row["value"] < low]
    ties = [row for row in other if low <= row["value"] <= high]
    worse = [row for row in other if row["value"] > high]
    bad = worse[-1:] if worse else []
    quick = [row for row in better + ties if row["tokens_per_s"] > (1 + NOTABLE) * speed]
    small = [row for row in better + ties if row["peak_mib"] < (1 - NOTABLE) * room]
    said = [
        f"better than the plain model: {names(better, 'loss')}" if better
        else "nothing is better than the plain model beyond its noise",
        f"as good: {names(ties, 'loss')}" if ties else "nothing ties with it",
        f"worse in equal time: {names(worse, 'loss')}" if worse else "nothing is worse",
    ]  # fmt: skip
    if quick:
        said.append(f"among what is not worse, a tenth or more faster: {names(quick, 'speed')}")
    if small:
        said.append(f"and a tenth or more smaller in memory: {names(small, 'memory')}")
    end = f" Take {kind(better[0])} first" if better else " Stay with the plain model"
    avoid = f", and leave {kind(bad[0])} for rows that are long enough to need it" if bad else ""
    return "; ".join(said) + f".{end}{avoid}."


def names(rows: list[dict[str, Any]], what: str) -> str:
    """Kinds with the figure that counts."""
    shown = {"loss": lambda r: f"{r['value']:.3f}", "speed": lambda r: f"{r['tokens_per_s']:,.0f}",
             "memory": lambda r: f"{r['peak_mib']:,.0f} MiB"}[what]  # fmt: skip
    return ", ".join(f"{kind(row)} ({shown(row)})" for row in rows)
