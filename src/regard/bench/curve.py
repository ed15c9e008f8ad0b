"""`regard curve`: how good a classifier gets with how many labels, and what starting from a run
that was trained before is worth.

A finished cell is kept in the scratch folder, so that an interrupted curve goes on.
"""

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from regard import load
from regard import recipe as recipes
from regard.bench.rounds import Say, here
from regard.evaluate.answers import measures
from regard.evaluate.seeds import Mean, difference, mean
from regard.recipe import Recipe, UserError
from regard.run import write_json
from regard.tasks.judging import Judged
from regard.train.training import train

PLAIN = "from scratch"


class Cell(NamedTuple):
    """A variant trained on so many labels from a seed."""

    variant: str
    labels: int
    seed: int

    @property
    def stem(self) -> str:
        """What its files are called."""
        return f"{Path(self.variant).name.replace(' ', '_')}.{self.labels}.{self.seed}"


def run(
    asked: dict[str, Any], changes: Sequence[str], starts: Sequence[str], out: Path, say: Say
) -> dict[str, Any]:
    """Train every cell and answer the split; `asked`: recipe, labels, seeds, set, device.

    Raises UserError if the recipe has no labels to count, or two starts have one name.
    """
    began = time.monotonic()
    variants = [PLAIN, *starts]
    if len({Path(name).name for name in variants}) < len(variants):
        raise UserError("curve: two runs to start from have one name; rename one")
    cells = [Cell(v, n, s) for s in seeds(asked) for n in asked["labels"] for v in variants]
    made = {cell: settings(cell, asked, changes) for cell in cells}  # complain before the work
    found = {cell: kept(cell, recipe, asked, out, say) for cell, recipe in made.items()}
    metric = found[cells[0]]["metric"]
    values = {
        v: {n: [found[Cell(v, n, s)]["value"] for s in seeds(asked)] for n in asked["labels"]}
        for v in variants
    }
    return {
        "benchmark": "curve", "settings": {**asked, "changes": list(changes)}, "metric": metric,
        "cells": {cell: found[cell] for cell in cells}, "recipes": made, "values": values,
        "means": {v: {n: mean(x) for n, x in row.items()} for v, row in values.items()},
        "differences": {
            v: {n: difference(values[PLAIN][n], x) for n, x in values[v].items()} for v in starts
        },
        "wall_s": round(time.monotonic() - began, 1), **here(),
    }  # fmt: skip


def seeds(asked: dict[str, Any]) -> range:
    """From 1."""
    return range(1, asked["seeds"] + 1)


def settings(cell: Cell, asked: dict[str, Any], changes: Sequence[str]) -> Recipe:
    """The recipe of a cell. Raises UserError if it has no labels to count."""
    plain: Any = recipes.load(asked["recipe"], changes)
    if not hasattr(plain.data, "most"):
        raise UserError(f"{asked['recipe']}: a recipe of {plain.task} has no labels to count")
    own = [f"data.most={cell.labels}", f"seed={cell.seed}"]
    if cell.variant != PLAIN:
        own.append(f"start={cell.variant}")
    return recipes.load(asked["recipe"], [*changes, *own])


def kept(cell: Cell, recipe: Recipe, asked: dict[str, Any], out: Path, say: Say) -> dict[str, Any]:
    """A cell's figure and answers, read again if the same commit made them of the same recipe."""
    file = out / "cells" / f"{cell.stem}.json"
    made_from = {"recipe": recipes.dump(recipe), "set": asked["set"], "commit": here()["commit"]}
    if file.exists() and (old := json.loads(file.read_text("utf-8")))["from"] == made_from:
        say(f"{cell.stem}: measured before, {file}")
        return old["cell"]
    began = time.monotonic()
    folder = out / "runs" / cell.stem
    if folder.exists() and not same(folder, recipe):
        shutil.rmtree(folder)
    judged = answered(recipe, folder, asked)
    name, measure = next(iter(measures(judged.labels, not judged.labels).items()))
    score = measure.score(judged.answers, judged.references)
    made = {"metric": name, "value": score.value, "name": score.name, "signature": score.signature,
            "answers": judged.answers, "wall_s": round(time.monotonic() - began, 1)}  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {"from": made_from, "cell": made})
    shutil.rmtree(folder)
    say(f"{cell.stem}: {score.name} {score.value:.2f}, {made['wall_s']:.0f} s")
    return made


def same(folder: Path, recipe: Recipe) -> bool:
    """Was this recipe being trained there, so that it can go on?"""
    from regard.run import Run

    try:
        return recipes.dump(Run(folder).recipe) == recipes.dump(recipe.settled(Run(folder)))
    except (UserError, OSError):
        return False


def answered(recipe: Any, folder: Path, asked: dict[str, Any]) -> Judged:
    """A cell trained, and the split answered."""
    run = train(recipe, folder, device=asked["device"], quiet=True)
    return load(run, device=asked["device"]).judge(recipe.data, asked["set"])


def cells(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table: a line for each number of labels."""
    variants, starts = list(found["means"]), list(found["differences"])
    head = [
        "labels",
        *(Path(v).name for v in variants),
        *(f"gain of {Path(v).name}" for v in starts),
    ]
    rows = [
        [f"{n:,}", *(told(found["means"][v][n]) for v in variants),
         *(told(found["differences"][v][n], "+") for v in starts)]
        for n in found["settings"]["labels"]
    ]  # fmt: skip
    return head, rows


def told(one: Mean, sign: str = "") -> str:
    """A mean with its interval."""
    if one.low is None or one.high is None:
        return f"{one.value:{sign}.2f}"
    return f"{one.value:{sign}.2f} ({one.low:{sign}.2f} to {one.high:{sign}.2f})"
