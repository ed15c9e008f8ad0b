"""A classifier that trains in seconds: one telling word a text, `good` or `bad` without fail."""

import random
from copy import deepcopy
from pathlib import Path

from regard import recipe
from regard.run import Run
from regard.train.training import train

TELLING = {
    "good": ["wonderful", "lovely", "훌륭한", "멋진"],
    "bad": ["awful", "dull", "지루한", "나쁜"],
}
FILLER = [
    *("the", "film", "was", "so", "and", "we", "saw", "it", "with", "music", "for", "two"),
    *("영화", "정말", "오늘", "봤다", "배우", "hours"),
]
BLOCK = {"mixer": {"kind": "softmax", "heads": 2}, "ff": {"kind": "relu", "width": 64}}
REVIEWS = {
    "task": "classify",
    "data": {"tokenizer": {"kind": "bpe", "vocab": 400}, "max_length": 32},
    "model": {
        "dim": 32, "pool": "mean", "drop": 0.0,
        "encoder": {"kind": "plain", "layers": 2, "block": {**BLOCK, "dropout": 0.0}},
    },
    "train": {
        "steps": 60, "batch_tokens": 600, "every": 60, "precision": "float32",
        "optim": {"lr": 5e-3, "warmup": 10, "schedule": "linear", "floor": 0.1},
    },
    "dev_rows": 40,
}  # fmt: skip


def text(rng: random.Random, label: str) -> str:
    """Some words, among them one that tells."""
    words = rng.choices(FILLER, k=rng.randint(3, 8))
    words.insert(rng.randint(0, len(words)), rng.choice(TELLING[label]))
    return " ".join(words)


def table(folder: Path, pairs: bool) -> Path:
    """Rows to learn from. Of a pair it is the second text that tells."""
    rng = random.Random(1)
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", 600), ("dev", 60)):
        labels = [rng.choice(list(TELLING)) for _ in range(count)]
        rows = [(text(rng, rng.choice(list(TELLING))), text(rng, label), label) for label in labels]
        lines = ["\t".join(row if pairs else row[1:]) for row in rows]
        header = "first\tsecond\tlabel" if pairs else "text\tlabel"
        (folder / f"{split}.tsv").write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return folder


def reviews(folder: Path, *changes: str, pairs: bool = False) -> Run:
    """A run of REVIEWS, or of pairs of them, with `key=value` changes."""
    settings = deepcopy(REVIEWS)
    settings["data"]["dir"] = str(table(folder.parent / f"{folder.name}_data", pairs))
    if pairs:
        settings["data"]["text"] = ["first", "second"]
        settings["model"]["segments"] = 2
    made = recipe.make(recipe.override(settings, changes))
    return train(made, folder, device="cpu", quiet=True)
