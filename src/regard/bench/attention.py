"""`regard bench attention`: what each kind costs by length, beside dense attention, in turns."""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from regard import parts
from regard.bench.process import System
from regard.bench.rounds import OURS, Rounds, Say, alternate, here
from regard.recipe import kinds

DENSE = "softmax"
FROM = 2048  # exponents are fitted from here on
ALIKE = ("width", "heads", "causal", "threads")
OLD = ("additive", "dot", "general", "local")  # of recurrent translation: not for long rows


def run(chosen: Sequence[str], asked: dict[str, Any], out: Path, say: Say) -> dict[str, Any]:
    """Measure, and tell all of it; `asked`: lengths, width, heads, causal, threads, rounds, seed,
    most_s, most_mib.
    """
    began = time.monotonic()
    names = list(dict.fromkeys([DENSE, *chosen]))
    systems = [
        System(OURS if name == DENSE else name, command(), settings={"kind": name})
        for name in names
    ]
    made = alternate(systems, asked, asked["rounds"], out, say)
    found = {name: summary(made, OURS if name == DENSE else name) for name in names}
    for name, got in found.items():
        if got:
            got["claimed"] = claimed(name)
    return {
        "benchmark": "attention", "size": f"{asked['width']}x{asked['heads']}", "settings": asked,
        "kinds": {name: got for name, got in found.items() if got}, "failed": made.failed,
        "alike": ALIKE, "set": "random rows", **here(),
        "wall_s": round(time.monotonic() - began, 1),
    }  # fmt: skip


def command() -> tuple[str, ...]:
    """The process that measures one kind."""
    return (sys.executable, "-m", "regard.bench.attending")


def choices(causal: bool) -> list[str]:
    """Every kind that reads long rows, and can write if it is to be causal."""
    causes = {p.kind: p.causal for p in parts.parts() if p.family == "attention"}
    return [k for k in kinds("attention") if k not in OLD and (causes[k] or not causal)]


def claimed(kind: str) -> str:
    """The cost that its header states."""
    return next(p.cost for p in parts.parts() if (p.family, p.kind) == ("attention", kind))


def summary(made: Rounds, name: str) -> dict[str, Any]:
    """By length the medians of the rounds, and the exponents of time and memory."""
    turns = [turn[name]["lengths"] for turn in made.found if name in turn]
    if not turns:
        return {}
    lengths = [length for length in turns[0] if all(length in turn for turn in turns)]
    by_length = {
        length: {key: median(turn[length][key] for turn in turns) for key in turns[0][length]}
        for length in lengths
    }
    found: dict[str, Any] = {"lengths": by_length}
    for key in ("forward_s", "both_s", "mib"):
        points = [
            (int(length), turn[length][key]) for turn in turns for length in lengths
            if int(length) >= FROM and turn[length][key] > 0
        ]  # fmt: skip
        found[f"exponent_{key}"] = exponent(points)
    return found


def exponent(points: Sequence[tuple[int, float]]) -> tuple[float, float, float] | None:
    """Slope of log time over log length, between the ends of its 95 % interval (least squares)."""
    if len({length for length, _ in points}) < 2 or len(points) < 3:
        return None
    x, y = (np.log([p[i] for p in points]) for i in (0, 1))
    slope, intercept = np.polyfit(x, y, 1)
    left = y - slope * x - intercept
    error = math.sqrt(float(left @ left) / (len(x) - 2) / float(((x - x.mean()) ** 2).sum()))
    half = t_975(len(x) - 2) * error
    return (float(slope - half), float(slope), float(slope + half))


def t_975(freedom: int) -> float:
    """The 97.5 % point of Student's t: a table, then an expansion in 1 / freedom."""
    z, n = 1.959964, freedom
    if n < 5:
        return (12.706, 4.303, 3.182, 2.776)[n - 1]
    return (z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3))  # fmt: skip


def rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """For a table: kind, exponent of time with its interval, of memory, seconds at each length."""
    lengths = [str(length) for length in found["settings"]["lengths"]]
    table = []
    for name, got in found["kinds"].items():
        cells = [got["lengths"].get(length, {}).get("both_s") for length in lengths]
        shown = ["–" if x is None else f"{1000 * x:,.1f}" for x in cells]
        table.append([name, shown_exponent(got["exponent_both_s"]),
                      shown_exponent(got["exponent_mib"]), *shown])  # fmt: skip
    return table


def shown_exponent(value: tuple[float, float, float] | None) -> str:
    """Its middle and interval."""
    return "–" if value is None else f"{value[1]:.2f} ({value[0]:.2f}–{value[2]:.2f})"
