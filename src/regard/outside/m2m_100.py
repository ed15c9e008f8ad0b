"""M2M-100 and NLLB-200: norms in front, waves for positions, a code before either side.

Fan et al. 2020, https://arxiv.org/abs/2010.11125; NLLB: https://arxiv.org/abs/2207.04672
"""

from collections.abc import Collection, Iterator
from typing import Any, Literal

from torch import Tensor

from regard.data.tokenizer.foreign import Order
from regard.outside import _bart
from regard.outside._bart import lasting, plain, shared, start
from regard.outside.base import Pair

TITLE, TASK, CLASS = "M2M-100", "translate", "M2M100ForConditionalGeneration"
LEFT = ("model.encoder.embed_positions.", "model.decoder.embed_positions.")  # made anew
LONGEST = 512  # what they were trained on; waves have no end
DIRECTIONS = ()
SPM = ("sentencepiece.bpe.model",) * 2

__all__ = ["lasting", "plain", "shared", "start"]


class Shape(_bart.Sides):
    """Its config.json."""

    activation_function: Literal["relu", "gelu", "swish", "silu", "gelu_new"] = "relu"
    attention_dropout: float = 0.1
    scale_embedding: bool = True


def settings(shape: Any) -> dict[str, Any]:
    """What the recipe says of model and data."""
    positions = {"kind": "tensor2tensor", "first": shape.pad_token_id + 1}
    return {
        "model": _bart.model(shape, "pre", positions, entry=False), "data": {"max_length": LONGEST},
    }  # fmt: skip


def shape(recipe: Any, order: Order) -> Any:
    """The config.json of a recipe."""
    return Shape(**_bart.sides(recipe, order))


def pairs(shape: Any, order: Order) -> Iterator[Pair]:
    """Every tensor; the output layer has no bias."""
    yield Pair("embed.weight", ("model.shared.weight",), _bart.rows(order))
    yield _bart.unbiased(order)
    yield from _bart.norms("norm", "layer_norm")
    yield from _bart.blocks(shape)


def frame(shape: Any, known: Collection[str]) -> dict[str, Any]:
    """What stands around a text: codes are written `__en__`, or (NLLB) as they are."""
    around = "__{}__" if "__en__" in known or any(n.startswith("__") for n in known) else "{}"
    source, target = around.format("{source}"), around.format("{target}")
    return {"before": [source], "begin": [target], "open": True}


def settled(shape: Any, found: dict[str, Tensor]) -> tuple[Any, dict[str, Tensor]]:
    """Nothing to settle."""
    return shape, found
