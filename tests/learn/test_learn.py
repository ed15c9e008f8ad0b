"""A model must learn something: copy, reverse and sort letters, from raw text to raw text.

The whole pipeline runs on a fresh seed: files, tokenizer, batches, loop, dev scores, run, search.
"""

import random
import secrets
from pathlib import Path

import pytest

from regard import recipe
from regard.tasks.translate import load
from regard.train.training import train

LETTERS = "abcdefgh"
TASKS = {
    "copy": lambda word: word,
    "reverse": lambda word: word[::-1],
    "sort": lambda word: "".join(sorted(word)),
}


def plain(mixer: str, layers: int) -> dict:
    """Blocks; of the same width everywhere."""
    block = {"mixer": mixer, "dropout": 0.0, "ff": {"kind": "relu", "width": 128}}
    return {"kind": "plain", "layers": layers, "block": block}


LSTM = {"kind": "recurrent", "cell": "lstm", "layers": 1}
MODELS = {
    "transformer": {"encoder": plain("softmax", 2), "decoder": plain("softmax", 2)},
    "linear": {"encoder": plain("softmax", 2), "decoder": plain("linear", 2)},
    "ssru": {"encoder": plain("softmax", 2), "decoder": plain("ssru", 2)},
    "bahdanau": {
        "encoder": {"kind": "recurrent", "cell": "gru"},
        "decoder": {"kind": "bahdanau"},
    },
    "luong": {
        "encoder": {**LSTM, "direction": "forward"},
        "decoder": {"kind": "luong", "layers": 1, "attention": "general"},
    },
    "fixed": {
        "encoder": {**LSTM, "direction": "backward"},
        "decoder": {"kind": "fixed", "layers": 1},
    },
}
STEPS = {"transformer": 500, "fixed": 700}  # else 450
LONGEST = {"fixed": 4}  # one vector holds a short word
# Every question for the Transformer, one for each of the others.
CASES = [
    *(("transformer", task) for task in TASKS),
    ("bahdanau", "reverse"),
    ("luong", "sort"),
    ("fixed", "copy"),
    ("linear", "copy"),
    ("ssru", "sort"),
]


def words(rng: random.Random, count: int, longest: int) -> list[str]:
    return ["".join(rng.choices(LETTERS, k=rng.randint(2, longest))) for _ in range(count)]


def learnt(model: str, task: str, seed: int, folder: Path) -> tuple[int, int]:
    """How many unseen words a model gets right, of how many, after training from this seed."""
    rng = random.Random(seed)
    longest = LONGEST.get(model, 6)
    made = words(rng, 4000, longest)
    unseen = [w for w in dict.fromkeys(words(rng, 2000, longest)) if w not in set(made)][:200]
    for name, rows in (("train", made), ("dev", unseen[:20]), ("test", unseen)):
        lines = [f"{' '.join(w)}\t{' '.join(TASKS[task](w))}\n" for w in rows]
        (folder / f"{name}.tsv").write_text("xx\tyy\n" + "".join(lines), "utf-8")
    steps = STEPS.get(model, 450)
    settings = {
        "task": "translate",
        "seed": seed,
        "data": {
            "corpus": "tsv", "dir": str(folder), "directions": ["xx-yy"],
            "tokenizer": {"kind": "bpe", "vocab": 300},
        },
        "model": {"dim": 64, "tie": "all", **MODELS[model]},
        "objective": {"kind": "likelihood", "smoothing": 0.0},
        "train": {
            "steps": steps, "batch_tokens": 400, "every": steps, "precision": "float32",
            "optim": {"lr": 4e-3, "warmup": 50, "schedule": "linear", "floor": 0.05},
        },
        "decode": "greedy",
    }  # fmt: skip
    mt = load([train(recipe.make(settings), folder / "run", device="cpu", quiet=True)])
    answers = [t.text for t in mt.translate([" ".join(w) for w in unseen])]
    right = sum(a == " ".join(TASKS[task](w)) for a, w in zip(answers, unseen, strict=True))
    return right, len(unseen)


@pytest.mark.parametrize(("model", "task"), CASES, ids=[f"{m}-{t}" for m, t in CASES])
def test_learns(model, task, tmp_path):
    seed = secrets.randbelow(10**6)
    right, count = learnt(model, task, seed, tmp_path)
    assert right >= 0.95 * count, f"seed {seed}: {right} of {count} unseen words right"
