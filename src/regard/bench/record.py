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
    facts = evidence(found)
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


def record_kinds(folder: Path, found: Mapping[str, Any]) -> None:
    """Keep the time of every kind at every length, its exponents beside it."""
    told, facts = found["settings"], evidence(found)
    alike = "|".join(f"{key}:{told[key]}" for key in found["alike"])
    for name, got in found["kinds"].items():
        exponents = {k: short(v) for k, v in got.items() if k.startswith("exponent") and v}
        for length, figures in got["lengths"].items():
            results.measured(
                folder, f"lengths/{name}/{length}", f"s forward and backward|{alike}",
                (figures["both_s"],) * 3,
                {**facts, **short_all(figures), **exponents, "rounds": told["rounds"]},
            )  # fmt: skip


def record_swaps(folder: Path, found: Mapping[str, Any]) -> None:
    """Keep the dev loss of every row, the rest of the row beside it."""
    told, facts = found["settings"], evidence(found)
    alike = "|".join(f"{key}:{told[key]}" for key in found["alike"])
    for row in found["rows"]:
        if "failed" not in row:
            system = f"swap/{found['size']}/{row['name']}"
            said = {k: short(v) for k, v in row.items() if k not in ("name", "seed")}
            said |= {**facts, "seeds": [row["seed"]], "band": found["band"]}
            said["wall_s"] = round(60 * row["minutes"], 1)  # some rows may be of an earlier call
            results.measured(folder, system, f"dev loss|{alike}", (row["dev_nll"],) * 3, said)


def evidence(found: Mapping[str, Any]) -> dict[str, Any]:
    """What every row says of the measurement."""
    return {
        "set": found["set"], "command": results.hide(command(), found.get("where")),
        "seeds": [found["settings"]["seed"]], "wall_s": found["wall_s"],
        "commit": found["commit"], "hardware": found["hardware"], "date": found["date"],
    }  # fmt: skip


def short_all(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Six digits of every figure."""
    return {key: short(value) for key, value in figures.items()}
