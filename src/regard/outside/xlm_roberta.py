"""XLM-R: Conneau et al. 2020 (https://arxiv.org/abs/1911.02116), RoBERTa over a hundred languages.

Tensors and settings are RoBERTa's; the vocabulary is of another kind, which its tokenizer knows.
"""

from collections.abc import Iterator
from typing import Any

from regard.data.tokenizer.foreign import Order
from regard.outside import roberta
from regard.outside.base import Pair
from regard.outside.roberta import ENDS, LEFT, build, plain, save, settings, specials

__all__ = ["ENDS", "LEFT", "build", "plain", "save", "settings", "specials"]
TITLE, TASK, CLASS = "XLM-R", "mlm", "XLMRobertaForMaskedLM"


class Shape(roberta.Shape):
    """What its config.json says."""

    vocab_size: int = 250002


def shape(recipe: Any, order: Order) -> Shape:
    """The Shape of a recipe. Raises UserError if XLM-R has no counterpart."""
    return Shape(**roberta.shape(recipe, order).model_dump())


def pairs(shape: Shape, order: Order) -> Iterator[Pair]:
    """Every tensor of the model."""
    return roberta.pairs(shape, order)
