"""Eole (https://github.com/eole-nlp/eole), trained by its own Trainer.

Logging of the attention's entropy is off, as it costs time. Dropout of the feed-forward's hidden
layer, for which it has no setting of its own, is taken out, so that all drop the same. Its reading
of the corpus into a bucket, and sorting that, falls before the first update and is not counted.

PYTHONPATH=src/regard/bench/child .peers/eole/bin/python -P benchmarks/peers/eole.py \
    train settings.json
"""

import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import torch
from clock import Clock, Done, settings
from corpus import rows
from eole import train_single, trainer
from eole.config.run import TrainConfig
from eole.modules.transformer_mlp import MLP
from torch import nn

PRECISIONS = {"float32": "fp32", "bfloat16": "bf16"}


class Counted(trainer.Trainer):
    """Tells the clock of every update."""

    clock: Clock

    def __init__(self, model, *rest, **more):
        for module in model.modules():
            if isinstance(module, MLP):
                module.dropout_1 = nn.Identity()
        super().__init__(model, *rest, **more)

    def _train_step(self, batches, *rest, **more):
        super()._train_step(batches, *rest, **more)
        padding = self.train_loss.padding_idx
        self.clock.tick(sum(int(batch["tgt"][:, 1:].ne(padding).sum()) for batch in batches))


def config(told):
    tokens = Path(told["data"], "tokens")
    vocabulary = str(tokens / "vocab.txt")
    gpu = told["device"] == "cuda"
    return TrainConfig(
        seed=told["seed"], report_every=1_000_000,
        src_vocab=vocabulary, tgt_vocab=vocabulary, share_vocab=True,
        src_vocab_size=told["vocab"], tgt_vocab_size=told["vocab"], vocab_size_multiple=1,
        data={
            "corpus": {
                "path_src": str(tokens / "train.src"), "path_tgt": str(tokens / "train.tgt"),
                "transforms": [],
            }
        },
        model={
            "architecture": "transformer", "layers": told["layers"], "heads": told["heads"],
            "hidden_size": told["width"], "transformer_ff": told["ffn"],
            "mlp_activation_fn": "relu", "layer_norm": "standard",
            "add_qkvbias": True, "add_final_linear_bias": True, "add_ffnbias": True,
            "share_embeddings": True, "share_decoder_embeddings": True,
            "embeddings": {
                "word_vec_size": told["width"], "position_encoding_type": "SinusoidalInterleaved",
            },
        },
        training={
            "model_path": told["scratch"], "world_size": int(gpu), "gpu_ranks": [0] * gpu,
            "compute_dtype": PRECISIONS[told["precision"]], "batch_type": "tokens",
            "batch_size": told["batch_tokens"], "normalization": "tokens",
            "bucket_size": len(rows(told, "train")), "num_workers": told["workers"],
            "optim": "adamw", "adam_beta2": 0.98, "adam_eps": 1e-9, "learning_rate": told["lr"],
            "decay_method": "none", "max_grad_norm": 1.0, "label_smoothing": told["smoothing"],
            "dropout": [told["dropout"]], "attention_dropout": [0.0],
            "param_init_method": "xavier_uniform", "log_attention_entropy": False,
            "train_steps": 1_000_000_000, "save_checkpoint_steps": 0, "valid_steps": 1_000_000_000,
        },
    )  # fmt: skip


def train(told):
    clock = Counted.clock = Clock(told)
    torch.set_num_threads(told["threads"])
    trainer.Trainer = Counted
    made = config(told)
    made._validate_vocab_config()
    with suppress(Done):  # what `eole train` calls; its command line needs more packages
        train_single.main(made, device_id=0 if told["device"] == "cuda" else -1)
    used = {
        "optimizer": "adamw (it offers no fused one)", "norm": "pre", "tied": True,
        "attention": "its own on a CPU, weights formed", "batch_type": "tokens, sorted in a bucket",
        "num_workers": told["workers"], "torch": torch.__version__,
        "dropout": "of the feed-forward's hidden layer taken out",
    }  # fmt: skip
    clock.trained(version=f"eole {version('eole')}", settings=used)


if __name__ == "__main__":
    {"train": train}[sys.argv[1]](settings())
