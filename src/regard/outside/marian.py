"""Marian, as the thousand pairs of OPUS-MT are: norms behind, waves for positions.

Junczys-Dowmunt et al. 2018, https://arxiv.org/abs/1804.00344; OPUS-MT, Tiedemann & Thottingal
2020, https://aclanthology.org/2020.eamt-1.61
"""

from collections.abc import Collection, Iterator
from typing import Any, Literal

import torch
from torch import Tensor

from regard.data.tokenizer.foreign import Order
from regard.outside import _bart
from regard.outside._bart import lasting, start
from regard.outside.base import Pair, rows
from regard.recipe import UserError

TITLE, TASK, CLASS = "Marian", "translate", "MarianMTModel"
LEFT = ("model.encoder.embed_positions.", "model.decoder.embed_positions.")  # made anew
LONGEST = 512
DIRECTIONS = ()
SPM = ("source.spm", "target.spm")
TABLES = ("model.shared.weight", "model.encoder.embed_tokens.weight",
          "model.decoder.embed_tokens.weight", "lm_head.weight")  # fmt: skip

__all__ = ["lasting", "start"]


class Shape(_bart.Sides):
    """Its config.json."""

    decoder_vocab_size: int | None = None
    share_encoder_decoder_embeddings: bool = True
    normalize_before: Literal[False] = False
    normalize_embedding: Literal[False] = False
    add_final_layer_norm: Literal[False] = False
    static_position_embeddings: Literal[True] = True
    pad_token_id: int = 58100
    eos_token_id: int = 0
    decoder_start_token_id: int | None = 58100


def settings(shape: Any) -> dict[str, Any]:
    """What the recipe says of model and data."""
    model = _bart.model(shape, "post", "sinusoidal", entry=False)
    model["tie"] = "all" if shape.share_encoder_decoder_embeddings else "target"
    return {"model": model, "data": {"max_length": LONGEST}}


def shape(recipe: Any, order: Order) -> Any:
    """The config.json of a recipe."""
    one = recipe.model.tie == "all"
    return Shape(share_encoder_decoder_embeddings=one, **_bart.sides(recipe, order))


def plain(name: str) -> str:
    """The full name of a tensor; which tables are one is seen to in `settled`."""
    bare = name in ("lm_head.weight", "final_logits_bias") or name.startswith("model.")
    return name if bare else f"model.{name}"


def pairs(shape: Any, order: Order, target: Order | None = None) -> Iterator[Pair]:
    """Every tensor; `target`: the order of a vocabulary of its own."""
    if shape.share_encoder_decoder_embeddings:
        yield Pair("embed.weight", ("model.shared.weight",), rows(order))
    else:
        yield Pair("embed.weight", ("model.encoder.embed_tokens.weight",), rows(order))
        table = rows(target or order)
        yield Pair("writer.embed.weight", ("model.decoder.embed_tokens.weight",), table)
    yield _bart.bias(target or order)
    yield from _bart.blocks(shape)


def frame(shape: Any, known: Collection[str]) -> dict[str, Any]:
    """What stands around a text: `>>fra<<` before a source, where there are such tokens."""
    many = any(name.startswith(">>") and name.endswith("<<") for name in known)
    return {"before": [">>{target}<<"], "open": True} if many else {}


def shared(shape: Any) -> bool:
    """Have both sides one vocabulary?"""
    return shape.share_encoder_decoder_embeddings


def target_rows(shape: Any) -> int:
    """How many rows the target's table has."""
    return shape.vocab_size if shared(shape) else shape.decoder_vocab_size or shape.vocab_size


def settled(shape: Any, found: dict[str, Tensor]) -> tuple[Any, dict[str, Tensor]]:
    """Tables that are one appear once; the output layer is always the target's."""
    one = shared(shape)
    tables = TABLES if one else TABLES[2:]
    there = [name for name in tables if name in found]
    for name in there[1:]:
        if not torch.equal(found[name], found[there[0]]):
            raise UserError(f"tie_word_embeddings: {name} is another table than {there[0]}, and "
                            "only true is supported for this family")  # fmt: skip
    rest = {name: x for name, x in found.items() if name not in there}
    rest |= {tables[0]: found[there[0]]} if there else {}
    return shape, {"final_logits_bias": torch.zeros(1, target_rows(shape)), **rest}
