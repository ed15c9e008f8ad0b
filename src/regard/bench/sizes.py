"""The Transformers that are measured, and what a target token costs each of them.

`D` width, `F` feed-forward width, `V` vocabulary.
"""

from typing import Any, NamedTuple


class Size(NamedTuple):
    """Layers on either side, width, feed-forward width, heads."""

    layers: int
    width: int
    ffn: int
    heads: int

    def parameters(self, vocab: int) -> tuple[int, int]:
        """Matrix entries that each source token, and each target token, is multiplied with.

        A source token passes the encoder and becomes keys and values for every decoder layer; a
        target token passes the rest of the decoder and the output layer. A look-up costs nothing.
        """
        D, F = self.width, self.ffn
        source = self.layers * (4 * D * D + 2 * D * F) + self.layers * 2 * D * D
        target = self.layers * (4 * D * D + 2 * D * D + 2 * D * F) + vocab * D
        return source, target

    def flops(self, vocab: int, source_tokens: float) -> float:
        """Of training on one target token with so many source tokens beside it: 6 a parameter.

        Two for the product, four for the gradients of both its sides; attention's own products,
        norms and look-ups are not counted.
        """
        source, target = self.parameters(vocab)
        return 6 * (target + source * source_tokens)


SIZES = {
    "tiny": Size(4, 128, 256, 4),
    "small": Size(3, 256, 1024, 4),
    "base": Size(6, 512, 2048, 8),
    "large": Size(6, 1024, 4096, 16),  # 200 M parameters with 32,000 tokens
}


def model(settings: dict[str, Any]) -> dict[str, Any]:
    """The `model:` of a recipe of ours: as in Vaswani et al. 2017, but with norms first."""
    attention = {"kind": "softmax", "heads": settings["heads"]}
    block = {
        "mixer": attention, "ff": {"kind": "relu", "width": settings["ffn"]},
        "dropout": settings["dropout"],
    }  # fmt: skip
    return {
        "dim": settings["width"], "tie": "all",
        "embed": {"kind": "table", "dropout": settings["dropout"]},
        "encoder": {"layers": settings["layers"], "block": block},
        "decoder": {"layers": settings["layers"], "block": {**block, "cross": attention}},
    }  # fmt: skip


def recipe(settings: dict[str, Any]) -> dict[str, Any]:
    """The whole recipe, on data that `data.prepare` left: an update is all it measures."""
    steps = settings.get("steps") or 10_000_000
    return {
        "task": "translate", "seed": settings["seed"],
        "data": {
            "corpus": {"kind": "moses"}, "dir": settings["data"],
            "directions": [settings["direction"]], "tokenizer": {"vocab": settings["vocab"]},
        },
        "model": model(settings),
        "objective": {"smoothing": settings["smoothing"]},
        "train": {
            "steps": steps, "every": steps, "batch_tokens": settings["batch_tokens"],
            "precision": settings["precision"],
            "optim": {"lr": settings["lr"], "schedule": "constant", "warmup": 0},
        },
        "dev_rows": 0,
    }  # fmt: skip
