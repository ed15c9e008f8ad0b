"""Fill the tables of README and docs from results/, so that no figure is written by hand.

`<!-- table: results -->` ... `<!-- end -->` holds every score, `<!-- table: NAME -->` the rows of
results/NAME.jsonl, `<!-- table: GROUP/SYSTEM GROUP/SYSTEM -->` those of these systems. `--check`
changes nothing and fails where a table is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from regard import results, run

ROOT = Path(__file__).resolve().parents[1]
REGION = re.compile(r"(<!-- table: ([^>]+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


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
        return f"{found[1]}{results.table(chosen(folder, found[2]))}{found[4]}"

    return REGION.sub(region, text)


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
