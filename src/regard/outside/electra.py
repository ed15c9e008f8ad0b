"""ELECTRA: Clark et al. 2020 (https://arxiv.org/abs/2003.10555), discriminators and generators.

A discriminator becomes an encoder to start from, its head for words made anew, since it has none;
a generator keeps its head. Embeddings may be narrower than the blocks.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from regard.data.tokenizer.foreign import Order
from regard.outside import _reading, bert
from regard.outside._reading import Reading, build, save, settings
from regard.outside.base import Pair
from regard.outside.bert import ENDS, specials

__all__ = ["ENDS", "build", "save", "settings", "specials"]
TITLE, TASK, CLASS = "ELECTRA", "mlm", "ElectraForMaskedLM"
LEFT = ("electra.embeddings.position_ids", "electra.embeddings.token_type_ids",
        "generator_lm_head.weight", "discriminator_predictions.", "classifier.", "qa_outputs.",
        "sequence_summary.")  # fmt: skip
HEADS = ("generator_", "discriminator_", "classifier.", "qa_outputs.")


class Shape(Reading):
    """What its config.json says."""

    vocab_size: int = bert.Shape.model_fields["vocab_size"].default
    hidden_size: int = Field(256, ge=1)
    num_attention_heads: int = Field(4, ge=1)
    intermediate_size: int = Field(1024, ge=1)
    embedding_size: int = Field(128, ge=1)

    @property
    def stream(self) -> int:
        """The width of the embedding."""
        return self.embedding_size


def plain(name: str) -> str:
    """The one name of a tensor that checkpoints call differently."""
    return _reading.plain(name, "electra.", HEADS)


def shape(recipe: Any, order: Order) -> Shape:
    """The Shape of a recipe. Raises UserError if ELECTRA has no counterpart."""
    made = _reading.shape(recipe, order, Shape, TITLE)
    return Shape(**made, embedding_size=recipe.model.dim)


def pairs(shape: Shape, order: Order) -> Iterator[Pair]:
    """Every tensor of the model."""
    yield from _reading.encoder(shape, order, "electra.")
    here = "generator_predictions"
    yield from _reading.words(order, f"{here}.dense", f"{here}.LayerNorm", "generator_lm_head.bias")
