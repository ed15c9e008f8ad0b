"""A recipe that trains in a few seconds, for whatever needs a translator that has learnt a bit."""

from copy import deepcopy

from regard import recipe
from regard.run import Run
from regard.train.training import train

BLOCK = {"mixer": {"kind": "softmax", "heads": 2}, "ff": {"kind": "relu", "width": 64}}
STACK = {"block": {**BLOCK, "dropout": 0.0}}
TINY = {
    "task": "translate",
    "data": {
        "corpus": {"kind": "phrasebook", "size": 2000}, "directions": ["ko-en"],
        "tokenizer": {"vocab": 1200}, "max_length": 40,
    },
    "model": {
        "dim": 32, "tie": "all",
        "encoder": {"layers": 1, **STACK}, "decoder": {"layers": 2, **STACK},
    },
    "objective": {"smoothing": 0.0},
    "train": {
        "steps": 120, "batch_tokens": 1000, "every": 120, "precision": "float32",
        "optim": {"lr": 1e-2, "warmup": 20, "schedule": "linear", "floor": 0.1},
    },
    "decode": {"kind": "beam", "size": 3},
    "dev_rows": 4,
}  # fmt: skip


def changed(*changes: str) -> recipe.Recipe:
    """TINY with `key=value` changes."""
    return recipe.make(recipe.override(deepcopy(TINY), changes))


def tiny(folder, *changes: str) -> Run:
    """A run of TINY with `key=value` changes."""
    return train(changed(*changes), folder, device="cpu", quiet=True)
