"""The rows of a curve as evidence in `results/`."""

from pathlib import Path
from typing import Any

from regard import results
from regard.evaluate.scores import Score
from regard.run import Run, command

KEPT = ("linear_bytes", "file_bytes", "zip_bytes", "precision", "lines", "wall_s", "verdict")


def recorded(folder: Path, run: Run, found: dict[str, Any]) -> None:
    """Every point's score on dev and its speed, and what was chosen on the test set, as
    `compress/RUN.POINT`.

    Raises UserError outside the command line, where there is no command to repeat it with.
    """
    recipe: Any = run.recipe
    name = run.folder.resolve().name
    facts = {
        **results.of_run(run), **{key: found[key] for key in ("commit", "hardware", "date")},
        "command": results.hide(command(), recipe.data.dir), "within": found["within"],
    }  # fmt: skip
    for row in found["rows"]:
        if "failed" not in row:
            own = {**facts, **{key: row[key] for key in KEPT if key in row}, "set": "dev"}
            own["parameters"] = row["parameters"]
            put(folder, called(name, row), row, own)
    if found["test"]:
        row, test = next(r for r in found["rows"] if r["name"] == found["chosen"]), found["test"]
        own = {**facts, **{key: row[key] for key in KEPT if key in row}, "set": test["set"]}
        own |= {"verdict": test["verdict"], "lines": test["lines"], "chosen": True}
        own["parameters"] = row["parameters"]
        results.record(folder, called(name, row), score(test), test["outputs"], own)
    for row in found["rows"]:
        if "ratio" in row:
            alike = f"rows/s|timed:{found['timed']}|threads:{found['threads']}"
            own = {**facts, "set": "dev", "wall_s": row["wall_s"], "ratio": row["ratio"]}
            results.measured(folder, called(name, row), alike, row["rows_per_s"], own)


def called(run: str, row: dict[str, Any]) -> str:
    """What the figures of a point are kept as."""
    return f"compress/{run}.{row['name'].replace('+', '-')}"


def put(folder: Path, name: str, row: dict[str, Any], facts: dict[str, Any]) -> None:
    """A point's score with its answers."""
    results.record(folder, name, score(row), row["outputs"], facts)


def score(row: dict[str, Any]) -> Score:
    """The figure of a row."""
    return Score(row["metric"], row["score"], row["signature"])
