"""BERT: Devlin et al. 2019 (https://arxiv.org/abs/1810.04805), with its head for masked words.

The head that tells whether one sentence follows another, and the pooler below it, are left out.
"""

from collections.abc import Iterator
from typing import Any

from regard.data.tokenizer.foreign import Order
from regard.outside import _reading
from regard.outside._reading import ACTIVATIONS, Reading, build, save, settings
from regard.outside._source import Source
from regard.outside.base import Pair

__all__ = ["build", "save", "settings"]
TITLE, TASK, CLASS, ENDS = "BERT", "mlm", "BertForMaskedLM", 1
LEFT = ("bert.pooler.", "bert.embeddings.position_ids", "bert.embeddings.token_type_ids",
        "cls.predictions.decoder.", "cls.seq_relationship.", "classifier.", "qa_outputs.",
        "dropout.")  # fmt: skip
HEADS = ("cls.", "classifier.", "qa_outputs.")
TOKENS = {"<pad>": "[PAD]", "<bos>": "[CLS]", "<eos>": "[SEP]", "<unk>": "[UNK]",
          "<mask>": "[MASK]"}  # fmt: skip


class Shape(Reading):
    """What its config.json says."""

    vocab_size: int = 30522

    @property
    def head(self) -> str:
        """The activation of the head for words: that of the blocks."""
        return ACTIVATIONS[self.hidden_act]


def plain(name: str) -> str:
    """The one name of a tensor that checkpoints call differently."""
    name = _reading.plain(name, "bert.", HEADS)
    return name.replace("cls.predictions.decoder.bias", "cls.predictions.bias")


def specials(source: Source) -> dict[str, int]:
    """Our specials' names, and their ids."""
    return _reading.specials(source, TOKENS)


def shape(recipe: Any, order: Order) -> Shape:
    """The Shape of a recipe. Raises UserError if BERT has no counterpart."""
    return Shape(**_reading.shape(recipe, order, Shape, TITLE))


def pairs(shape: Shape, order: Order) -> Iterator[Pair]:
    """Every tensor of the model."""
    yield from _reading.encoder(shape, order, "bert.")
    here = "cls.predictions"
    yield from _reading.words(
        order, f"{here}.transform.dense", f"{here}.transform.LayerNorm", f"{here}.bias"
    )
