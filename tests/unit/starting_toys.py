"""Small folders of made-up text, and runs on it of a second each, for what starts from others."""

import random

from regard import recipe as recipes
from regard.run import Run
from regard.train.training import train

GOOD, BAD, OTHER = (
    ["sun", "joy", "gold"],
    ["mud", "pain", "rust"],
    ["a", "the", "of", "and", "tree"],
)


def sentence(rng, of=()):
    words = [*rng.choices(OTHER, k=rng.randint(2, 5)), *of]
    rng.shuffle(words)
    return " ".join(words)


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")


def texts(folder, rows=120):
    """`train.txt`."""
    rng = random.Random(1)
    lines(folder / "train.txt", [sentence(rng, [rng.choice(GOOD + BAD)]) for _ in range(rows)])
    return folder


def labelled(folder, labels=("good", "bad"), rows=120, second=False):
    """Tables of a text (or two) whose one telling word says the label."""
    rng = random.Random(2)
    words = dict(zip(labels, (GOOD, BAD, ["grey", "dull"]), strict=False))
    for name, count in (("train", rows), ("dev", 24)):
        found = ["text\tother\tlabel" if second else "text\tlabel"]
        for i in range(count):
            label = labels[i % len(labels)]
            own = sentence(rng, [rng.choice(words[label])])
            found.append("\t".join([own, *([sentence(rng)] if second else []), label]))
        lines(folder / f"{name}.tsv", found)
    return folder


def pairs(folder, rows=60):
    """Tables of a text and the same in capitals."""
    rng = random.Random(3)
    for name, count in (("train", rows), ("dev", 8)):
        found = [sentence(rng, [rng.choice(GOOD + BAD)]) for _ in range(count)]
        lines(folder / f"{name}.tsv", ["xx\tyy", *(f"{x}\t{x.upper()}" for x in found)])
    return folder


def stack(layers=2, dropout=0.0):
    block = {"mixer": {"kind": "softmax", "heads": 2}, "ff": {"kind": "relu", "width": 32}}
    cross = {"kind": "softmax", "heads": 2}
    return {
        "kind": "plain",
        "layers": layers,
        "block": {**block, "cross": cross, "dropout": dropout},
    }


def training(steps, **more):
    optim = {"lr": 1e-2, "warmup": 5, "schedule": "constant"}
    settings = {"steps": steps, "every": max(steps // 2, 1), "batch_tokens": 300}
    return {**settings, "precision": "float32", "optim": optim, **more}


def made(settings, *changes):
    return recipes.make(recipes.override(settings, changes))


def trained(settings, out, *changes, until=None) -> Run:
    return train(made(settings, *changes), out, device="cpu", quiet=True, until=until)


def mono(folder):
    parts = [{"corpus": "plain"}]
    tokens = {"kind": "bpe", "vocab": 330}
    return {"parts": parts, "dir": str(folder), "tokenizer": tokens, "max_length": 32, "held": 16}


def mlm(folder, steps=6):
    """Settings of a reader that is pre-trained on `texts`."""
    model = {"dim": 16, "encoder": stack(), "segments": 2}
    return {"task": "mlm", "data": mono(folder), "model": model, "train": training(steps)}


def denoise(folder, steps=6, noising=("infilling",)):
    """Settings of a denoiser on the same texts."""
    model = {"dim": 16, "tie": "all", "encoder": stack(), "decoder": stack(1)}
    data = {"task": "denoise", "data": mono(folder), "noising": list(noising)}
    return {**data, "model": model, "train": training(steps)}


def classify(folder, steps=30):
    """Settings of a classifier of `labelled`."""
    data = {"dir": str(folder), "tokenizer": {"kind": "bpe", "vocab": 330}, "max_length": 32}
    model = {"dim": 16, "encoder": stack(), "pool": "mean", "drop": 0.0}
    return {"task": "classify", "data": data, "model": model, "train": training(steps)}


def translate(folder, steps=6):
    """Settings of a translator of `pairs`."""
    data = {
        "corpus": "tsv", "dir": str(folder), "directions": ["xx-yy"], "max_length": 40,
        "tokenizer": {"kind": "bpe", "vocab": 330},
    }  # fmt: skip
    model = {"dim": 16, "encoder": stack(1), "decoder": stack(1)}
    return {
        "task": "translate",
        "data": data,
        "model": model,
        "train": training(steps),
        "dev_rows": 4,
    }
