"""`regard bench pretrain`: ways to pre-train an encoder, at equal cost, by what they are worth.

Each way trains the same encoder on the same texts for as many updates as cost what those of `mlm`
cost (see `flops`); then each encoder is made a classifier by the same recipe, on the same labels.
What is finished is found again in the folder: an interrupted table goes on.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from regard import load
from regard import recipe as recipes
from regard.bench import flops
from regard.bench.rounds import Say, here
from regard.evaluate import classes
from regard.run import Run
from regard.tasks.judging import Judged
from regard.train import verb as train

MLM, NOTHING = "mlm", "nothing"
ABLATIONS = ("electra", "fifteen", "replace_mlm", "all_tokens")  # kinds of tasks.discriminating
WAYS = (NOTHING, MLM, *ABLATIONS)
TEST = "test"
LOOKS = 4  # at dev while pre-training, and places to go on from


class Asked(NamedTuple):
    """The recipes, where their data lies, updates of `mlm` (as many tokens each), labelled rows."""

    mlm: str
    electra: str
    classify: str
    mono: Path
    labelled: Path
    steps: int
    labels: int
    seed: int
    threads: int


class Way(NamedTuple):
    """A recipe to pre-train by: its name, and what is changed in it."""

    name: str
    recipe: str
    changes: tuple[str, ...]


class Worth(NamedTuple):
    """What came of a way: the figures of its row, its classifier, and what that answered."""

    row: dict[str, Any]
    run: Run
    judged: Judged


def run(chosen: Sequence[str], asked: Asked, out: Path, say: Say) -> dict[str, Any]:
    """All of them, one after the other. Raises UserError if data or a recipe is not as it should
    be.
    """
    began, worth = time.monotonic(), []
    base = way(MLM, asked)
    budget = asked.steps * cost(base, out)
    for name in chosen:
        start = None if name == NOTHING else pretrained(way(name, asked), budget, asked, out, say)
        worth.append(tuned(name, start, asked, out))
        say(f"{name}: accuracy {worth[-1].row['accuracy']:.2f}")
    compared(worth)
    return {
        "benchmark": "pretrain", "budget_flops": budget, "rows": [one.row for one in worth],
        "worth": worth, "settings": asked._asdict(), "wall_s": round(time.monotonic() - began, 1),
        **here(),
    }  # fmt: skip


def way(name: str, asked: Asked) -> Way:
    """The recipe and changes of a name among WAYS."""
    same = (f"data.dir={asked.mono}", f"seed={asked.seed}")
    if name == MLM:
        return Way(name, asked.mlm, same)
    return Way(name, asked.electra, (*same, f"discriminating={name}"))


def cost(one: Way, out: Path) -> float:
    """FLOPs of an update."""
    made: Any = recipes.load(one.recipe, one.changes)
    task = made.begin(Run(out / "pretrained" / one.name))
    return flops.of_update(task, made.train.batch_tokens)


def pretrained(one: Way, budget: float, asked: Asked, out: Path, say: Say) -> Run:
    """Trained until the budget is spent; what was begun goes on."""
    each = cost(one, out)
    steps = max(1, round(budget / each))
    say(f"{one.name}: {each / 1e9:.2f} GFLOP an update, so {steps:,} updates")
    schedule = (f"train.steps={steps}", f"train.optim.warmup={steps // 10}",
                f"train.every={-(-steps // LOOKS)}")  # fmt: skip
    made = train(one.recipe, *one.changes, *schedule, out=out / "pretrained" / one.name,
                 device="cpu", quiet=True, processes=asked.threads)  # fmt: skip
    made.note(flops=each * steps)
    return made


def tuned(name: str, start: Run | None, asked: Asked, out: Path) -> Worth:
    """A classifier that begins with this reader, or with nothing, and its answers."""
    changes = [f"data.dir={asked.labelled}", f"data.most={asked.labels}", f"seed={asked.seed}"]
    changes += [f"start={start.folder}"] if start is not None else []
    made = train(asked.classify, *changes, out=out / "tuned" / name, device="cpu", quiet=True,
                 processes=asked.threads)  # fmt: skip
    recipe: Any = made.recipe
    judged = load(made, device="cpu").judge(recipe.data, TEST)
    info, spent = made.info(), {} if start is None else start.info()
    row = {
        "name": name, "accuracy": classes.accuracy(judged.answers, judged.references),
        "macro_f1": classes.macro_f1(judged.answers, judged.references),
        "steps": spent.get("steps", 0), "flops": spent.get("flops", 0.0),
        "minutes": spent.get("seconds", 0.0) / 60, "tuning_minutes": info["seconds"] / 60,
        "parameters": info["parameters"], "pretrained_dev": spent.get("dev_score"),
    }  # fmt: skip
    return Worth(row, made, judged)


def compared(worth: Sequence[Worth]) -> None:
    """Tell in each row how probable its difference from mlm is by chance (McNemar's test)."""
    base = next((one for one in worth if one.row["name"] == MLM), None)
    for one in worth:
        if base is not None and one is not base:
            sides = one.judged.answers, base.judged.answers, base.judged.references
            one.row["p"] = classes.mcnemar(*sides).p


COLUMNS = ("", "accuracy", "macro-F1", "p", "updates", "TFLOP", "minutes", "tuning", "parameters")


def cells(found: dict[str, Any]) -> list[list[Any]]:
    """For a table."""
    return [
        [row["name"], f"{row['accuracy']:.2f}", f"{row['macro_f1']:.2f}",
         f"{row['p']:.3f}" if "p" in row else None, row["steps"], f"{row['flops'] / 1e12:.1f}",
         f"{row['minutes']:.1f}", f"{row['tuning_minutes']:.1f}", row["parameters"]]
        for row in found["rows"]
    ]  # fmt: skip
