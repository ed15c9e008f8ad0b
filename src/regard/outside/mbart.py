"""mBART: BART with norms in front, over many languages: 25 (their code ends a source) or 50.

Liu et al. 2020, https://arxiv.org/abs/2001.08210; mBART-50: https://arxiv.org/abs/2008.00401
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from regard.data.corpus.base import languages
from regard.data.tokenizer.foreign import Order
from regard.outside import _bart
from regard.outside._bart import lasting, plain, settled, shared
from regard.outside.base import Pair
from regard.recipe import UserError

TITLE, TASK, CLASS = "mBART", "translate", "MBartForConditionalGeneration"
LEFT = ("model.classification_head",)
DIRECTIONS = ()

__all__ = ["lasting", "plain", "settled", "shared"]


class Shape(_bart.Sides):
    """Its config.json."""

    normalize_before: Literal[True] = True
    add_final_layer_norm: Literal[True] = True
    static_position_embeddings: Literal[False] = False
    decoder_start_token_id: int | None = None

    @property
    def behind(self) -> bool:
        """Does decoding start with eos, and the code come behind it (mBART-50)?"""
        return self.decoder_start_token_id == self.eos_token_id


def settings(shape: Any) -> dict[str, Any]:
    """What the recipe says of model and data."""
    return _bart.learning(shape, "pre")


def shape(recipe: Any, order: Order) -> Any:
    """The config.json of a recipe."""
    return Shape(**_bart.sides(recipe, order))


def pairs(shape: Any, order: Order) -> Iterator[Pair]:
    """Every tensor."""
    yield from _bart.table(order)
    yield from _bart.learned()
    yield from _bart.norms("entry.norm", "layernorm_embedding")
    yield from _bart.norms("norm", "layer_norm")
    yield from _bart.blocks(shape)


def frame(shape: Any, known: Collection[str]) -> dict[str, Any]:
    """What stands around a text: codes first (mBART-50), or a code behind a source's eos."""
    if shape.behind:
        return {"before": ["{source}"], "begin": ["{target}"], "open": True}
    return {"after": ["{source}"]}


def start(shape: Any, directions: Sequence[str], names: Any) -> int:
    """The row that decoding starts with: eos, or the code of the one target language."""
    targets = {languages(direction)[1] for direction in directions}
    if shape.behind:
        return shape.decoder_start_token_id
    if len(targets) > 1:
        raise UserError(
            "mBART-25 starts to write with its target's code: name directions into one language, "
            f"and import again for another (asked: {', '.join(sorted(targets))})"
        )
    row = names.id(targets.pop())
    if shape.decoder_start_token_id not in (None, row):
        raise UserError(
            f"decoder_start_token_id: {shape.decoder_start_token_id} is not the code of "
            f"{languages(directions[0])[1]}, with which this checkpoint would start"
        )
    return row
