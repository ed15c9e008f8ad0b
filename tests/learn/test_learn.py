"""A model must learn something: copy, reverse and sort letters, on a fresh seed, from raw text to raw text.

The whole pipeline runs: files, tokenizer, batches, the training loop, dev scores, the saved run, search.
"""

import random
import secrets

import pytest

from regard import recipe
from regard.run import Run
from regard.tasks.translate import load
from regard.train.training import train

LETTERS = "abcdefgh"
TASKS = {
    "copy": lambda word: word,
    "reverse": lambda word: word[::-1],
    "sort": lambda word: "".join(sorted(word)),
}
PLAIN = {"kind": "plain", "layers": 2, "block": {"dropout": 0.0, "ff": {"kind": "relu", "width": 128}}}
LSTM = {"kind": "recurrent", "cell": "lstm", "layers": 1}
MODELS = {
    "transformer": {"encoder": PLAIN, "decoder": PLAIN},
    "bahdanau": {"encoder": {"kind": "recurrent", "cell": "gru"}, "decoder": {"kind": "bahdanau"}},
    "luong": {
        "encoder": {**LSTM, "direction": "forward"},
        "decoder": {"kind": "luong", "layers": 1, "attention": "general"},
    },
    "fixed": {"encoder": {**LSTM, "direction": "backward"}, "decoder": {"kind": "fixed", "layers": 1}},
}
# One model per question, and every question for the Transformer; a fixed vector can hold a short word.
CASES = [("transformer", t) for t in TASKS] + [("bahdanau", "reverse"), ("luong", "sort"), ("fixed", "copy")]


def words(rng: random.Random, count: int, longest: int) -> list[str]:
    return ["".join(rng.choices(LETTERS, k=rng.randint(2, longest))) for _ in range(count)]


@pytest.mark.parametrize(("model", "task"), CASES, ids=[f"{m}-{t}" for m, t in CASES])
def test_learns(model, task, tmp_path):
    seed = secrets.randbelow(10**6)
    rng = random.Random(seed)
    longest = 5 if model == "fixed" else 7
    made = words(rng, 6000, longest)
    unseen = [w for w in dict.fromkeys(words(rng, 400, longest)) if w not in set(made) and len(w) > 3]
    for name, rows in (("train", made), ("dev", unseen[:50]), ("test", unseen)):
        lines = [f"{' '.join(w)}\t{' '.join(TASKS[task](w))}\n" for w in rows]
        (tmp_path / f"{name}.tsv").write_text("xx\tyy\n" + "".join(lines), "utf-8")
    settings = {
        "task": "translate",
        "seed": seed,
        "data": {
            "corpus": "tsv", "dir": str(tmp_path), "directions": ["xx-yy"],
            "tokenizer": {"kind": "bpe", "vocab": 300},
        },
        "model": {"dim": 64, "tie": "all", **MODELS[model]},
        "objective": {"kind": "likelihood", "smoothing": 0.0},
        "train": {
            "steps": 700, "batch_tokens": 640, "every": 700, "precision": "float32",
            "optim": {"lr": 4e-3, "warmup": 60, "schedule": "linear", "floor": 0.05},
        },
    }  # fmt: skip
    run = train(recipe.make(settings), tmp_path / "run", device="cpu", quiet=True)
    mt = load([Run(run.folder)])
    answers = [t.text for t in mt.translate([" ".join(w) for w in unseen])]
    right = sum(a == " ".join(TASKS[task](w)) for a, w in zip(answers, unseen, strict=True))
    assert right / len(unseen) >= 0.95, f"seed {seed}: {right} of {len(unseen)} unseen words right"
