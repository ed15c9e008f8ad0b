"""A toy language in which every word tells its neighbours, and recipes that learn it in seconds."""

import random
from copy import deepcopy

from regard import recipe as recipes
from regard.run import Run
from regard.train.training import train

WORDS = ["ba", "cuda", "fe", "gilo", "hu", "jama", "ke", "lopi", "mu", "nara", "po", "riso"]
BLOCK = {"mixer": {"kind": "softmax", "heads": 2}, "ff": {"kind": "relu", "width": 64}}
STACK = {"layers": 1, "block": {**BLOCK, "dropout": 0.0}}
OPTIM = {"lr": 1e-2, "warmup": 10, "schedule": "linear", "floor": 0.1}
DICED = ["model.encoder.block.dropout=0.2"]  # something for torch's generator, too


def sentences(rows, seed=0, words=WORDS, longest=11):
    """The words in their order, from anywhere on: any two neighbours tell all the others."""
    rng = random.Random(seed)
    starts = [(rng.randrange(len(words)), rng.randint(4, longest)) for _ in range(rows)]
    return [" ".join(words[(a + i) % len(words)] for i in range(n)) for a, n in starts]


def corpus(folder, rows=300, **how):
    """train.txt in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in sentences(rows, **how))
    (folder / "train.txt").write_text(text, "utf-8")
    return folder


def labelled(folder):
    """Does a sentence begin in the first half of the words?"""
    lines = sentences(120, seed=5)
    rows = [f"{int(WORDS.index(x.split()[0]) < 6)}\t{x}\n" for x in lines]
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text("label\ttext\n" + "".join(rows), "utf-8")
    return folder


def recipe(task, folder, *changes, **training):
    """Small; texts come more than once here, so rows of dev are running text's last ones."""
    settings = {
        "task": task, "seed": 3,
        "data": {
            "parts": [{}], "dir": str(folder), "held": 40, "max_length": 32, "pack": True,
            "tokenizer": {"kind": "bpe", "vocab": 320},
        },
        "model": {"dim": 32, "encoder": deepcopy(STACK)},
        "train": {"steps": 60, "batch_tokens": 600, "every": 60, "precision": "float32",
                  "optim": dict(OPTIM), **training},
    }  # fmt: skip
    if task == "electra":
        settings["model"]["generator"] = {"dim": 16, "encoder": deepcopy(STACK)}
    return recipes.make(recipes.override(settings, changes))


def begun(folder, made):
    """The task of a run that does not train."""
    run = Run(folder)
    return made.settled(run).begin(run)


def trained(folder, made, **how) -> Run:
    """A run."""
    return train(made, folder, device="cpu", quiet=True, **how)
