"""The trained model that is measured in use, what it is to translate, and its exports."""

import shutil
from pathlib import Path
from typing import Any

import regard
from regard import recipe as recipes
from regard.bench import sizes
from regard.bench.data import MULTI30K
from regard.bench.sizes import SIZES
from regard.data.corpus.base import Row, languages, read
from regard.recipe import UserError
from regard.run import Run, write
from regard.train.training import train

STEPS = 1500
USUAL: dict[str, Any] = {
    "direction": "de-en", "vocab": 4000, "dropout": 0.1, "smoothing": 0.1, "lr": 1e-3,
    "batch_tokens": 2560, "precision": "auto", "seed": 1, "steps": STEPS,
}  # fmt: skip


def trained(size: str, where: Path, out: Path) -> Path:
    """The run of this size in `out`; trained a little, or to its end, if it is not there yet.

    It need not be good: what is measured is the same for all, and its BLEU is told.
    """
    told = {**USUAL, **SIZES[size]._asdict(), "data": str(where.resolve())}
    settings = sizes.recipe(told)
    settings["data"]["corpus"] = {"kind": "moses", **MULTI30K.model_dump()}
    settings["train"]["optim"] |= {"schedule": "linear", "warmup": 200, "floor": 0.02}
    settings["decode"] = {"kind": "beam", "size": 4, "alpha": 1.0}
    folder = out / f"run-{size}"
    if not Run(folder).model.exists():
        train(recipes.make(settings), folder)
    return folder


def test_rows(loaded: regard.Loaded, where: Path, lines: int) -> list[Row]:
    """The first lines of test_2016_flickr in the run's direction."""
    direction = loaded.directions[0]
    found = read(MULTI30K, str(where), "test", [direction]).rows[:lines]
    if not found:
        raise UserError(f"{where}: the test set for {direction} has no lines")
    return found


def target(loaded: regard.Loaded) -> str:
    """The language it translates into."""
    return languages(loaded.directions[0])[1]


def exported(loaded: regard.Loaded, out: Path, to: str, precision: str = "float32") -> Path:
    """The model written for another engine, anew; of its parity report nothing is used here."""
    folder = out / "export" / f"{to}-{precision}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    few = out / "few.txt"
    write(few, "Ein Hund rennt.\nEine Frau liest.\n")
    regard.export(loaded, folder, to=to, precision=precision, source=few)
    return folder
