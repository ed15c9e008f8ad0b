"""Rows for `results/`: one for each system of a benchmark, its spread and settings in the row."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regard import results
from regard.run import command

KEPT = ("version", "settings", "ratio", "short_ratio", "through_ratio", "counts", "peak_mib",
        "memory_ratio", "share_of_peak", "bleu", "tokens", "tried",
        "dev_nll")  # fmt: skip


def record(folder: Path, found: Mapping[str, Any], key: str, unit: str) -> None:
    """Keep `key` of every system of a finished benchmark as `bench/BENCHMARK.SIZE/SYSTEM`.

    Raises UserError outside the command line, where there is no command to repeat it with.
    """
    told = found["settings"]
    alike = "|".join(f"{key}:{told[key]}" for key in found["alike"] if told[key] is not None)
    facts = {
        "set": found["set"], "command": results.hide(command(), found.get("where")),
        "seeds": [told["seed"]], "wall_s": found["wall_s"], "commit": found["commit"],
        "hardware": found["hardware"], "date": found["date"],
    }  # fmt: skip
    for name, system in found["systems"].items():
        stem = name.replace(",", "").replace(" ", "_")
        said = {what: short(system[what]) for what in KEPT if system.get(what) is not None}
        results.measured(
            folder, f"bench/{found['benchmark']}.{found['size']}/{stem}", f"{unit}|{alike}",
            system[key], {**facts, **said, "rounds": told["rounds"]},
        )  # fmt: skip


def short(value: Any) -> Any:
    """Six digits of every number."""
    if isinstance(value, tuple | list):
        return [short(x) for x in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
