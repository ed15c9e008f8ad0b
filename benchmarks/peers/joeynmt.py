"""JoeyNMT (https://github.com/joeynmt/joeynmt), trained by its own TrainManager.

Its batches by tokens take rows as they come, so the corpus is given to it in batches of like
length, in the order in which it shall read them (`shuffle: False`): better than what it does by
itself. Dropout of attention weights and of the feed-forward's hidden layer, for which it has no
settings, is taken out, so that all drop the same.

PYTHONPATH=src/regard/bench/child .peers/joeynmt/bin/python -P benchmarks/peers/joeynmt.py \
    train settings.json
"""

import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from random import Random

import torch
from clock import Clock, Done, settings
from corpus import batches, rows
from joeynmt import training
from joeynmt.helpers import set_seed
from joeynmt.transformer_layers import MultiHeadedAttention, PositionwiseFeedForward
from torch import nn


class Counted(training.TrainManager):
    """Tells the clock of every update."""

    clock: Clock

    def __init__(self, *rest, **more):
        super().__init__(*rest, **more)
        for module in self.model.modules():
            if isinstance(module, MultiHeadedAttention):
                module.dropout = nn.Identity()
            elif isinstance(module, PositionwiseFeedForward):
                inner = module.pwff_layer
                inner[2] = nn.Identity()  # linear, ReLU, dropout, linear, dropout
        step, before = self.optimizer.step, 0

        def counted():
            nonlocal before
            step()
            new, before = self.stats.total_tokens - before, self.stats.total_tokens
            self.clock.tick(new)

        self.optimizer.step = counted


def ordered(told, folder):
    """The training corpus in batches of like length; where it lies."""
    found = rows(told, "train")
    planned = batches(found, told["batch_tokens"])
    Random(told["seed"]).shuffle(planned)
    for name, side in (("src", 0), ("tgt", 1)):
        with Path(folder, f"train.{name}").open("w", encoding="utf-8") as file:
            for i in (i for batch in planned for i in batch):
                file.write(" ".join(f"t{token}" for token in found[i][side][:-1]) + "\n")
    return Path(folder, "train")


def config(told, folder):
    tokens = Path(told["data"], "tokens")
    side = {"level": "word", "max_length": 1000, "voc_file": str(tokens / "vocab.txt")}
    sides = {"src": {**side, "lang": "src"}, "trg": {**side, "lang": "tgt"}}
    stack = {
        "type": "transformer", "num_layers": told["layers"], "num_heads": told["heads"],
        "hidden_size": told["width"], "ff_size": told["ffn"], "dropout": told["dropout"],
        "layer_norm": "pre", "activation": "relu",
        "embeddings": {"embedding_dim": told["width"], "scale": True, "dropout": told["dropout"]},
    }  # fmt: skip
    return {
        "name": "bench", "model_dir": str(folder), "use_cuda": told["device"] == "cuda",
        "random_seed": told["seed"], "num_workers": 0,
        "data": {
            "train": str(ordered(told, folder)), "dev": str(tokens / "dev"), **sides,
            "dataset_type": "plain",
        },
        "testing": {"batch_size": 64},
        "training": {
            "optimizer": "adamw", "adam_betas": [0.9, 0.98], "learning_rate": told["lr"],
            "learning_rate_min": 0.0, "label_smoothing": told["smoothing"], "loss": "crossentropy",
            "normalization": "tokens", "clip_grad_norm": 1.0, "shuffle": False,
            "batch_size": told["batch_tokens"], "batch_type": "token", "epochs": 1_000_000,
            "logging_freq": 1_000_000, "validation_freq": 1_000_000,
            "scheduling": "exponential", "decrease_factor": 1.0,  # it wants one: constant
        },
        "model": {
            "tied_embeddings": True, "tied_softmax": True, "encoder": dict(stack),
            "decoder": dict(stack),
        },
    }  # fmt: skip


def train(told):
    if told["precision"] != "float32":
        sys.exit("JoeyNMT trains in float32 on a CPU, and in float16 on a GPU")
    clock = Counted.clock = Clock(told)
    torch.set_num_threads(told["threads"])
    folder = Path(told["scratch"])
    folder.mkdir(parents=True, exist_ok=True)
    set_seed(told["seed"])
    training.TrainManager = Counted
    with suppress(Done):
        training.train(0, None, config(told, folder), skip_test=True)
    used = {
        "optimizer": "adamw (it offers no fused one)", "attention": "its own, weights formed",
        "norm": "pre", "tied": True, "batch_type": "token, corpus given in batches of like length",
        "num_workers": 0, "torch": torch.__version__,
        "dropout": "of attention and feed-forward taken out",
    }  # fmt: skip
    clock.trained(version=f"joeynmt {version('joeynmt')}", settings=used)


if __name__ == "__main__":
    {"train": train}[sys.argv[1]](settings())
