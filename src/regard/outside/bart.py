"""BART: a Transformer of norms behind, with learned positions and a norm on what enters.

Lewis et al. 2020, https://arxiv.org/abs/1910.13461
"""

from collections.abc import Collection, Iterator
from typing import Any, Literal

from regard.data.tokenizer.foreign import Order
from regard.outside import _bart
from regard.outside._bart import lasting, plain, settled, shared, start
from regard.outside.base import Pair

TITLE, TASK, CLASS = "BART", "translate", "BartForConditionalGeneration"
LEFT = ("model.classification_head",)
DIRECTIONS = ("en-en",)  # where the checkpoint tells of none

__all__ = ["lasting", "plain", "settled", "shared", "start"]


class Shape(_bart.Sides):
    """Its config.json."""

    normalize_before: Literal[False] = False
    add_final_layer_norm: Literal[False] = False
    static_position_embeddings: Literal[False] = False


def settings(shape: Any) -> dict[str, Any]:
    """What the recipe says of model and data."""
    return _bart.learning(shape, "post")


def shape(recipe: Any, order: Order) -> Any:
    """The config.json of a recipe."""
    return Shape(**_bart.sides(recipe, order))


def pairs(shape: Any, order: Order) -> Iterator[Pair]:
    """Every tensor."""
    yield from _bart.table(order)
    yield from _bart.learned()
    yield from _bart.norms("entry.norm", "layernorm_embedding")
    yield from _bart.blocks(shape)


def frame(shape: Any, known: Collection[str]) -> dict[str, Any]:
    """What stands around a text: `<s>` on either side, which targets were trained to begin with."""
    return {"before": ["{bos}"], "begin": ["{bos}"]}
