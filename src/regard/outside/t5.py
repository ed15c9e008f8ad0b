"""T5: norms without mean in front, positions as a bias that all layers share, no other biases.

Raffel et al. 2020, https://arxiv.org/abs/1910.10683; version 1.1 has gates and an output layer of
its own. Queries are not scaled there: their maps carry our 1 / sqrt(K). Where the output layer is
the embedding, its input is scaled by 1 / sqrt(D): the decoder's last gain carries that.

`D` width, `K` head width, `H` heads.
"""

from collections.abc import Collection, Iterator
from typing import Any, Literal

import torch
from torch import Tensor

from regard.data.tokenizer.foreign import Order
from regard.outside import base
from regard.outside._bart import nothing, power, shared, start, unbiased
from regard.outside.base import Pair, Way, rows
from regard.recipe import kind_of

TITLE, TASK, CLASS = "T5", "translate", "T5ForConditionalGeneration"
LEFT = ("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.",)
DIRECTIONS = ("en-en",)  # where the checkpoint tells of none
LONGEST = 512

__all__ = ["shared", "start"]
FF = {
    "relu": "relu", "gelu": "gelu", "silu": "swish", "gelu_new": "gelu_tanh",
    "gated-gelu": "geglu_tanh", "gated-silu": "swiglu", "gated-relu": "reglu",
}  # fmt: skip


class Shape(base.Shape):
    """Its config.json."""

    d_model: int = 512
    d_kv: int = 64
    d_ff: int = 2048
    num_layers: int = 6
    num_decoder_layers: int | None = None
    num_heads: int = 8
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    dropout_rate: float = 0.1
    layer_norm_epsilon: float = 1e-6
    feed_forward_proj: Literal[
        "relu", "gelu", "silu", "gelu_new", "gated-gelu", "gated-silu", "gated-relu"
    ] = "relu"
    tie_word_embeddings: bool = True
    scale_decoder_outputs: bool | None = None
    pad_token_id: int = 0
    eos_token_id: int = 1
    decoder_start_token_id: int | None = 0

    @property
    def scaled(self) -> bool:
        """Is the output layer's input divided by sqrt(D)?"""
        said = self.scale_decoder_outputs
        return self.tie_word_embeddings if said is None else said

    @property
    def gated(self) -> bool:
        """Has the feed-forward a gate?"""
        return self.feed_forward_proj.startswith("gated")

    def layers(self, side: str) -> int:
        """Of a stack."""
        own = self.num_decoder_layers if side == "decoder" else None
        return self.num_layers if own is None else own


def settings(shape: Any) -> dict[str, Any]:
    """What the recipe says of model and data."""
    rate = shape.dropout_rate
    model: dict[str, Any] = {
        "dim": shape.d_model, "tie": "all" if shape.tie_word_embeddings else "inputs",
        "embed": {"scale": False, "dropout": rate},
    }  # fmt: skip
    attention = {"heads": shape.num_heads, "width": shape.d_kv, "dropout": rate}
    for side in ("encoder", "decoder"):
        both = 2 if side == "encoder" else 1  # an encoder's buckets are for either way
        position = {
            "kind": "t5", "buckets": shape.relative_attention_num_buckets // both,
            "far": shape.relative_attention_max_distance,
        }  # fmt: skip
        block = {
            "mixer": attention, "place": "pre", "dropout": rate,
            "norm": {"kind": "rms", "eps": shape.layer_norm_epsilon},
            "ff": {"kind": FF[shape.feed_forward_proj], "dropout": rate, "width": shape.d_ff},
        }  # fmt: skip
        if side == "decoder":
            block["cross"] = attention
        model[side] = {"layers": shape.layers(side), "position": position, "block": block}
    return {"model": model, "data": {"max_length": LONGEST}}


def shape(recipe: Any, order: Order) -> Any:
    """The config.json of a recipe."""
    own, names = recipe.model, {ours: theirs for theirs, ours in FF.items()}
    encoder, decoder = own.encoder, own.decoder
    block = encoder.block
    return Shape(
        vocab_size=order.rows, d_model=own.dim, d_kv=block.mixer.width, d_ff=block.ff.width,
        num_layers=encoder.layers, num_decoder_layers=decoder.layers,
        num_heads=block.mixer.heads, relative_attention_num_buckets=decoder.position.buckets,
        relative_attention_max_distance=encoder.position.far, dropout_rate=block.dropout,
        layer_norm_epsilon=block.norm.eps, feed_forward_proj=names[kind_of(block.ff)],
        tie_word_embeddings=own.tie == "all",
    )  # fmt: skip


# -- tensors ---------------------------------------------------------------------------------------


def times(factor: float) -> Way:
    """Ours is so many times theirs."""
    return Way(lambda x: x * factor, lambda x: (x / factor,))


def zeros(name: str, size: int) -> Pair:
    """A bias that they do not have."""

    def theirs(x: Tensor) -> tuple[Tensor, ...]:
        nothing(name, x)
        return ()

    return Pair(name, (), Way(lambda: torch.zeros(size), theirs))


def linear(ours: str, theirs: str, size: int, way: Way = base.SAME) -> Iterator[Pair]:
    """A map without bias."""
    yield Pair(f"{ours}.weight", (f"{theirs}.weight",), way)
    yield zeros(f"{ours}.bias", size)


def attention(shape: Shape, ours: str, theirs: str) -> Iterator[Pair]:
    """The four maps."""
    inner = shape.num_heads * shape.d_kv
    yield from linear(f"{ours}.q", f"{theirs}.q", inner, times(power(shape.d_kv)))
    yield from linear(f"{ours}.k", f"{theirs}.k", inner)
    yield from linear(f"{ours}.v", f"{theirs}.v", inner)
    yield from linear(f"{ours}.out", f"{theirs}.o", shape.d_model)


def feed_forward(shape: Shape, ours: str, theirs: str) -> Iterator[Pair]:
    """Two maps, or three."""
    ups = (("gate", "wi_0"), ("up", "wi_1")) if shape.gated else (("up", "wi"),)
    for mine, name in ups:
        yield from linear(f"{ours}.{mine}", f"{theirs}.{name}", shape.d_ff)
    yield from linear(f"{ours}.down", f"{theirs}.wo", shape.d_model)


def stack(shape: Shape, side: str, own: str) -> Iterator[Pair]:
    """All of an encoder or a decoder."""
    first = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    way = base.SAME if side == "encoder" else Way(behind, only_before)
    yield Pair(f"{own}.stack.position.table.weight", (first,), way)
    for i in range(shape.layers(side)):
        ours, theirs = f"{own}.stack.blocks.{i}", f"{side}.block.{i}.layer"
        last = 2 if side == "decoder" else 1
        yield from attention(shape, f"{ours}.mixer", f"{theirs}.0.SelfAttention")
        if side == "decoder":
            yield from attention(shape, f"{ours}.cross", f"{theirs}.1.EncDecAttention")
        yield from feed_forward(shape, f"{ours}.ff", f"{theirs}.{last}.DenseReluDense")
        for n in range(last + 1):
            yield Pair(f"{ours}.residuals.{n}.norm.gain", (f"{theirs}.{n}.layer_norm.weight",))


def behind(x: Tensor) -> Tensor:
    """A decoder's buckets, and as many for what lies ahead, where it never looks."""
    return torch.cat([x, torch.zeros_like(x)])


def only_before(x: Tensor) -> tuple[Tensor, ...]:
    """The first half of the buckets."""
    return (x[: len(x) // 2],)


def pairs(shape: Shape, order: Order) -> Iterator[Pair]:
    """Every tensor."""
    yield Pair("embed.weight", ("shared.weight",), rows(order))
    yield unbiased(order)
    if not shape.tie_word_embeddings:
        yield Pair("output", ("lm_head.weight",), rows(order))
    for side, own in (("encoder", "encoder"), ("decoder", "writer.decoder")):
        yield from stack(shape, side, own)
    yield Pair("encoder.stack.norm.gain", ("encoder.final_layer_norm.weight",))
    scale = times(1 / power(shape.d_model)) if shape.scaled else base.SAME
    last = "writer.decoder.stack.norm.gain"
    yield Pair(last, ("decoder.final_layer_norm.weight",), scale)


def plain(name: str) -> str:
    """The one name of the table that encoder and decoder share."""
    tables = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    return "shared.weight" if name in tables else name


def frame(shape: Any, known: Collection[str]) -> dict[str, Any]:
    """What stands around a text: only what the task says (see `words`)."""
    return {}


def settled(shape: Shape, found: dict[str, Tensor]) -> tuple[Shape, dict[str, Tensor]]:
    """Is the output layer the embedding? What the weights say counts."""
    own = found.get("lm_head.weight")
    tied = own is None or torch.equal(own, found.get("shared.weight", own[:0]))
    found = {name: x for name, x in found.items() if not (tied and name == "lm_head.weight")}
    changed = {"scale_decoder_outputs": shape.scaled, "tie_word_embeddings": tied}
    return shape.model_copy(update=changed), found


def lasting(shape: Shape) -> dict[str, Any]:
    """What a recipe does not tell of a shape, and an export must know."""
    return {"scale_decoder_outputs": shape.scaled}
