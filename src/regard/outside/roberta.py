"""RoBERTa: Liu et al. 2019 (https://arxiv.org/abs/1907.11692), with its head for masked words.

Its positions begin behind the id of the padding, which has a row of its own there. Its only kind of
text goes into the table of positions, and comes back as zeros.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from regard.data.tokenizer.foreign import Order
from regard.outside import _reading
from regard.outside._reading import Reading, build, save, settings
from regard.outside._source import Source
from regard.outside.base import Pair
from regard.recipe import UserError

__all__ = ["build", "save", "settings"]
TITLE, TASK, CLASS, ENDS = "RoBERTa", "mlm", "RobertaForMaskedLM", 2
LEFT = ("roberta.pooler.", "roberta.embeddings.position_ids", "roberta.embeddings.token_type_ids",
        "lm_head.decoder.", "classifier.", "qa_outputs.")  # fmt: skip
HEADS = ("lm_head.", "classifier.", "qa_outputs.")
TOKENS = {"<pad>": "<pad>", "<bos>": "<s>", "<eos>": "</s>", "<unk>": "<unk>",
          "<mask>": "<mask>"}  # fmt: skip


class Shape(Reading):
    """What its config.json says."""

    vocab_size: int = 50265
    pad_token_id: int = Field(1, ge=0)

    @property
    def offset(self) -> int:
        """Rows of the table of positions that come before the first position."""
        return self.pad_token_id + 1


def plain(name: str) -> str:
    """The one name of a tensor that checkpoints call differently."""
    name = _reading.plain(name, "roberta.", HEADS)
    return name.replace("lm_head.decoder.bias", "lm_head.bias")


def specials(source: Source) -> dict[str, int]:
    """Our specials' names, and their ids. Raises UserError if the padding is not as it says."""
    found = _reading.specials(source, TOKENS)
    said = source.config.get("pad_token_id", 1)
    if said != found["<pad>"]:
        raise UserError(
            f"{source.name}/config.json: pad_token_id is {said}, and the tokenizer's "
            f"{found['<pad>']}; positions count from it, so they must agree"
        )
    return found


def shape(recipe: Any, order: Order) -> Shape:
    """The Shape of a recipe. Raises UserError if RoBERTa has no counterpart."""
    made = _reading.shape(recipe, order, Shape, TITLE)
    pad = order.first[0]
    made["max_position_embeddings"] += pad + 1
    return Shape(**made, pad_token_id=pad)


def pairs(shape: Shape, order: Order) -> Iterator[Pair]:
    """Every tensor of the model."""
    yield from _reading.encoder(shape, order, "roberta.")
    yield from _reading.words(order, "lm_head.dense", "lm_head.layer_norm", "lm_head.bias")
