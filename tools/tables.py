"""Fill the tables of README and docs from results/, so that no figure is written by hand.

`<!-- table: results -->` ... `<!-- end -->` holds every score, `<!-- table: NAME -->` the rows of
results/NAME.jsonl, `<!-- table: GROUP/SYSTEM GROUP/SYSTEM -->` those of these systems, and
`<!-- means: PREFIX METRIC -->` one metric of all systems whose names so begin, as means over seeds
with what is known of chance. `--check` changes nothing and fails where a table is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from regard import results, run
from regard.evaluate.seeds import mean

ROOT = Path(__file__).resolve().parents[1]
REGION = re.compile(r"(<!-- (table|means): ([^>]+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
SCRATCH = "from_scratch"  # what a variant of a curve is compared with


def chosen(folder: Path, names: str) -> list[dict]:
    """The rows that a region asks for."""
    rows = results.rows(folder)
    if names == "results":
        return [row for row in rows if row["output"] is not None]
    return [
        row for name in names.split() for row in rows
        if name in (row["name"], row["name"].partition("/")[0])
    ]  # fmt: skip


def filled(text: str, folder: Path) -> str:
    """A document with every region as it should be."""

    def region(found: re.Match[str]) -> str:
        made = means(folder, *found[3].split(None, 1)) if found[2] == "means" else None
        return f"{found[1]}{made or results.table(chosen(folder, found[3]))}{found[5]}"

    return REGION.sub(region, text)


def means(folder: Path, prefix: str, metric: str) -> str:
    """A line for each system and set: mean over seeds, 95 % interval, gain, and the command."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for row in results.rows(folder):
        if row["name"].startswith(prefix) and row["metric"].startswith(f"{metric}|"):
            groups.setdefault((row["name"].removeprefix(prefix), row["set"]), []).append(row)
    if not groups:
        return ""
    head = ["", "data", metric, "gain", "seeds"]
    out = [results.line(head), "|---|---|--:|--:|--:|"]
    for (name, of), rows in sorted(groups.items(), key=lambda item: natural(item[0])):
        gain = gained(rows, groups.get((re.sub(r"^[^.]+(?=\.\d+$)", SCRATCH, name), of), rows))
        value = figure([row["value"] for row in rows], rows[0].get("interval"))
        out.append(results.line([name, of, value, gain, str(len(rows))]))
    commands = sorted({row["command"] for rows in groups.values() for row in rows})
    return "\n".join(out) + "\n\nBy `" + "`, `".join(commands) + "`.\n"


def natural(key: tuple[str, str]) -> list:
    """By set and name, numbers in names as numbers."""
    name = [(int(x), "") if x.isdigit() else (-1, x) for x in re.split(r"(\d+)", key[0])]
    return [key[1], name[1:], name]


def figure(values: list[float], known: list[float] | None = None, sign: str = "") -> str:
    """A mean and its interval: the known one, else Student's over seeds."""
    middle, low, high = mean(values)
    if known:
        low, middle, high = known
    bounds = "" if low is None or high is None else f" ({low:{sign}.2f} to {high:{sign}.2f})"
    return f"{middle:{sign}.2f}{bounds}"


def gained(rows: list[dict], scratch: list[dict]) -> str:
    """What a system gains: as its rows say, or over the same from scratch, seed by seed."""
    if "gain" in rows[0]:
        return figure([0.0], rows[0]["gain"], "+")
    base = {tuple(row["seeds"]): row["value"] for row in scratch}
    if scratch is rows or any(tuple(row["seeds"]) not in base for row in rows):
        return "–"
    return figure([row["value"] - base[tuple(row["seeds"])] for row in rows], None, "+")


def stale(root: Path) -> Iterator[tuple[Path, str]]:
    """Every document with a table that is not as it should be, and how it should read."""
    for path in [*sorted(root.glob("README*.md")), *sorted(root.glob("docs/**/*.md"))]:
        text = path.read_bytes().decode("utf-8")
        if (wanted := filled(text, root / "results")) != text:
            yield path, wanted


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Exit status: 1 if `--check` found a stale table."""
    check = arguments == ["--check"]
    if arguments and not check:
        print("usage: python tools/tables.py [--check]", file=sys.stderr)
        return 2
    found = list(stale(root))
    for path, wanted in found:
        said = "stale; run python tools/tables.py" if check else "filled"
        print(f"{path.relative_to(root)}: {said}")
        if not check:
            run.write(path, wanted)
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
