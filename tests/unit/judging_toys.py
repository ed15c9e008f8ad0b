"""Ratings that a bag of words learns in a second, but never to the last: some are random."""

import random
from copy import deepcopy
from pathlib import Path

from regard import recipe
from regard.run import Run
from regard.train.training import train

TELLING = {"1": ["지루한", "awful"], "2": ["괜찮은", "so-so"], "3": ["멋진", "lovely"]}
FILLER = ["영화", "정말", "오늘", "봤다", "배우", "the", "film", "was", "and", "we", "saw", "it"]
RATINGS = {
    "task": "classify",
    "data": {"tokenizer": {"kind": "bpe", "vocab": 400}, "max_length": 32},
    "model": {
        "dim": 16, "pool": "mean", "drop": 0.0,
        "encoder": {"kind": "plain", "layers": 0, "position": "none"},
    },
    "train": {
        "steps": 40, "batch_tokens": 800, "every": 40, "precision": "float32",
        "optim": {"lr": 3e-2, "warmup": 5, "schedule": "linear", "floor": 0.1},
    },
}  # fmt: skip


def row(rng: random.Random) -> tuple[str, str]:
    """A text, and what its telling word says, or one time in five anything."""
    said = rng.choice(list(TELLING))
    words = rng.choices(FILLER, k=rng.randint(2, 6))
    words.insert(rng.randint(0, len(words)), rng.choice(TELLING[said]))
    return " ".join(words), rng.choice(list(TELLING)) if rng.random() < 0.2 else said


def table(folder: Path) -> Path:
    """Rows of every split."""
    rng = random.Random(1)
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", 600), ("dev", 200), ("test", 300)):
        lines = ["text\tlabel", *("\t".join(row(rng)) for _ in range(count))]
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def settings(data: Path, *changes: str) -> dict:
    """RATINGS over a folder of rows, with `key=value` changes."""
    made = deepcopy(RATINGS)
    made["data"]["dir"] = str(data)
    return recipe.override(made, changes)


def ratings(folder: Path, *changes: str) -> Run:
    """A run of it; its rows lie beside."""
    data = table(folder.parent / f"{folder.name}_data")
    return train(recipe.make(settings(data, *changes)), folder, device="cpu", quiet=True)
