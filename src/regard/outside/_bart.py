"""What the families that descend from fairseq's Transformer share: names of tensors, settings.

BART, mBART, Marian and M2M-100 differ in where norms stand and in how positions enter.

`V` vocabulary, `D` width, `P` positions.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from regard.data.tokenizer.foreign import Order
from regard.outside import base
from regard.outside.base import Pair, Way, rows
from regard.recipe import UserError, kind_of

UNSAID = -100.0  # output bias of a row that is there for its embedding only
OFFSET = 2  # rows of a table of positions that fairseq keeps for padding
FF = {"relu": "relu", "gelu": "gelu", "swish": "swish", "silu": "swish", "gelu_new": "gelu_tanh"}
SIDES = (("encoder", "encoder"), ("decoder", "writer.decoder"))


class Sides(base.Shape):
    """Settings that all of them have; with these defaults where a file says nothing."""

    d_model: int = 1024
    encoder_layers: int = 12
    decoder_layers: int = 12
    encoder_attention_heads: int = 16
    decoder_attention_heads: int = 16
    encoder_ffn_dim: int = 4096
    decoder_ffn_dim: int = 4096
    activation_function: Literal["relu", "gelu", "swish", "silu", "gelu_new"] = "gelu"
    dropout: float = 0.1
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0
    scale_embedding: bool = False
    max_position_embeddings: int = Field(1024, ge=2)
    tie_word_embeddings: Literal[True] = True
    pad_token_id: int = 1
    eos_token_id: int = 2
    decoder_start_token_id: int | None = 2
    forced_bos_token_id: int | None = None


def model(shape: Any, place: str, position: Any, entry: bool) -> dict[str, Any]:
    """The settings of a model of this shape."""
    made: dict[str, Any] = {
        "dim": shape.d_model, "tie": "all",
        "embed": {"scale": shape.scale_embedding, "dropout": 0.0 if entry else shape.dropout},
    }  # fmt: skip
    for side in ("encoder", "decoder"):
        attention = {
            "heads": getattr(shape, f"{side}_attention_heads"), "dropout": shape.attention_dropout,
        }  # fmt: skip
        block = {
            "mixer": attention, "place": place, "norm": "layer", "dropout": shape.dropout,
            "ff": {"kind": FF[shape.activation_function], "dropout": shape.activation_dropout,
                   "width": getattr(shape, f"{side}_ffn_dim")},
        }  # fmt: skip
        if side == "decoder":
            block["cross"] = attention
        made[side] = {
            "layers": getattr(shape, f"{side}_layers"), "position": position, "block": block,
            "entry": "layer" if entry else None,
        }  # fmt: skip
    return made


def learning(shape: Any, place: str) -> dict[str, Any]:
    """What the recipe says of model and data, where positions are learnt and so have an end."""
    positions = shape.max_position_embeddings
    table = {"kind": "learned", "length": positions}
    return {
        "model": model(shape, place, table, entry=True), "data": {"max_length": longest(positions)},
    }  # fmt: skip


def sides(recipe: Any, order: Order) -> dict[str, Any]:
    """What config.json says of a recipe whose `model` these settings made."""
    own = recipe.model
    block = own.encoder.block
    names = {ours: theirs for theirs, ours in reversed(FF.items())}
    found = {
        "vocab_size": order.rows, "d_model": own.dim, "scale_embedding": own.embed.scale,
        "activation_function": names[kind_of(block.ff)], "dropout": block.dropout,
        "activation_dropout": block.ff.dropout, "attention_dropout": block.mixer.dropout,
        "tie_word_embeddings": own.tie != "none",
    }  # fmt: skip
    for side in ("encoder", "decoder"):
        stack = getattr(own, side)
        found[f"{side}_layers"] = stack.layers
        found[f"{side}_attention_heads"] = stack.block.mixer.heads
        found[f"{side}_ffn_dim"] = stack.block.ff.width
    if kind_of(own.encoder.position) == "learned":
        found["max_position_embeddings"] = own.encoder.position.length
    return found


# -- tensors ---------------------------------------------------------------------------------------


def pair(ours: str, theirs: str, gain: str = "weight") -> Iterator[Pair]:
    """Weight (or gain) and bias."""
    yield Pair(f"{ours}.{gain}", (f"{theirs}.weight",))
    yield Pair(f"{ours}.bias", (f"{theirs}.bias",))


def blocks(shape: Any) -> Iterator[Pair]:
    """The tensors of all blocks."""
    for side, own in SIDES:
        for i in range(getattr(shape, f"{side}_layers")):
            ours, theirs = f"{own}.stack.blocks.{i}", f"model.{side}.layers.{i}"
            parts = [("mixer", "self_attn")]
            if side == "decoder":
                parts.append(("cross", "encoder_attn"))
            for n, (mine, name) in enumerate(parts):
                for part in ("q", "k", "v", "out"):
                    yield from pair(f"{ours}.{mine}.{part}", f"{theirs}.{name}.{part}_proj")
                norm = f"{ours}.residuals.{n}.norm"
                yield from pair(norm, f"{theirs}.{name}_layer_norm", "gain")
            yield from pair(f"{ours}.ff.up", f"{theirs}.fc1")
            yield from pair(f"{ours}.ff.down", f"{theirs}.fc2")
            norm = f"{ours}.residuals.{len(parts)}.norm"
            yield from pair(norm, f"{theirs}.final_layer_norm", "gain")


def norms(name: str, theirs: str) -> Iterator[Pair]:
    """A norm of either stack."""
    for side, own in SIDES:
        yield from pair(f"{own}.stack.{name}", f"model.{side}.{theirs}", "gain")


def table(order: Order) -> Iterator[Pair]:
    """The one table, and the bias of the output layer."""
    yield Pair("embed.weight", ("model.shared.weight",), rows(order))
    yield bias(order)


def bias(order: Order) -> Pair:
    """That of the output layer; what is there for its embedding only is never said."""
    inner = rows(order, UNSAID)
    way = Way(lambda x: inner.ours(x[0]), lambda x: (inner.theirs(x)[0][None],))
    return Pair("bias", ("final_logits_bias",), way)


def learned() -> Iterator[Pair]:
    """Tables of positions, whose first rows are for padding and never read."""
    for side, own in SIDES:
        yield Pair(f"{own}.stack.position.table.weight", (f"model.{side}.embed_positions.weight",),
                   Way(lambda x: x[OFFSET:], grown))  # fmt: skip


def grown(x: Tensor) -> tuple[Tensor, ...]:
    """With the rows for padding again (P + 2, D)."""
    return (torch.cat([x.new_zeros(OFFSET, x.size(1)), x]),)


def plain(name: str) -> str:
    """The one name of the table that encoder, decoder and output layer share."""
    name = name.removeprefix("model.").removeprefix("base_model.")
    tables = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
    if name in tables or name == "shared.weight":
        return "model.shared.weight"
    return name if name == "final_logits_bias" else f"model.{name}"


def longest(positions: int) -> int:
    """How long a source may be, so that an answer to it (see `translator.room`) has positions."""
    if positions < 2 * 2 + 22:
        raise UserError(f"max_position_embeddings: {positions} are too few to translate anything")
    return (positions - 22) // 2


def power(value: float) -> float:
    """The square root, exact where it is a whole number."""
    root = math.isqrt(int(value))
    return float(root) if root * root == value else value**0.5


def unbiased(order: Order) -> Pair:
    """A bias of the output layer where the family has none."""

    def ours() -> Tensor:
        made = torch.zeros(len(order))
        made[torch.from_numpy(order.copies)] = UNSAID
        return made

    def theirs(x: Tensor) -> tuple[Tensor, ...]:
        nothing("bias", x[torch.from_numpy(order.ours)])
        return ()

    return Pair("bias", (), Way(ours, theirs))


def nothing(name: str, x: Tensor) -> None:
    """Raises UserError if training has given a bias values, where the family has no such bias."""
    if x.abs().max() > 0:
        raise UserError(
            f"{name} has learnt values, and the family has no such bias: start from the checkpoint "
            "again and train with tuning=lora, which leaves biases alone"
        )


# -- what the import asks --------------------------------------------------------------------------


def settled(shape: Any, found: dict[str, Tensor]) -> tuple[Any, dict[str, Tensor]]:
    """The bias of the output layer may be missing; then it is nothing."""
    return shape, {"final_logits_bias": torch.zeros(1, shape.vocab_size), **found}


def start(shape: Any, directions: Any, names: Any) -> int:
    """The row that decoding starts with."""
    return shape.decoder_start_token_id


def shared(shape: Any) -> bool:
    """Have both sides one vocabulary?"""
    return True


def lasting(shape: Any) -> dict[str, Any]:
    """What a recipe does not tell of a shape, and an export must know: nothing."""
    return {}
