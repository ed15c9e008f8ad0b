"""What BERT and its kin share: an encoder of post-norm blocks behind a norm, and a head for words.

`V` vocabulary, `P` positions, `D` width, `E` width of the embedding.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from regard.data.tokenizer.base import SPECIALS
from regard.data.tokenizer.foreign import ForeignTokenizer, Order
from regard.outside import base
from regard.outside._source import Source
from regard.outside.base import Pair, Way, rows
from regard.recipe import UserError, kind_of

ACTIVATIONS = {  # theirs -> our kind of feed-forward; of several the first is what is written
    "gelu": "gelu", "gelu_python": "gelu", "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh", "gelu_fast": "gelu_tanh", "relu": "relu", "silu": "swish",
    "swish": "swish",
}  # fmt: skip
Activation = Literal[
    "gelu", "gelu_python", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "relu", "silu", "swish"
]
MASK = "<mask>"
CALLED = {  # ours -> what config files call it
    "<pad>": "pad_token", "<bos>": "cls_token", "<eos>": "sep_token", "<unk>": "unk_token",
    MASK: "mask_token",
}  # fmt: skip


class Reading(base.Shape):
    """What config.json says of such an encoder."""

    hidden_size: int = Field(768, ge=1)
    num_hidden_layers: int = Field(12, ge=0)
    num_attention_heads: int = Field(12, ge=1)
    intermediate_size: int = Field(3072, ge=1)
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: float = Field(0.1, ge=0, lt=1)
    attention_probs_dropout_prob: float = Field(0.1, ge=0, lt=1)
    max_position_embeddings: int = Field(512, ge=4)
    type_vocab_size: int = Field(2, ge=0)
    layer_norm_eps: float = Field(1e-12, gt=0)
    position_embedding_type: Literal["absolute"] = "absolute"
    is_decoder: Literal[False] = False
    add_cross_attention: Literal[False] = False
    tie_word_embeddings: Literal[True] = True
    pruned_heads: dict[str, Any] = Field({}, max_length=0)

    @property
    def stream(self) -> int:
        """E."""
        return self.hidden_size

    @property
    def offset(self) -> int:
        """Rows of the table of positions that come before the first position."""
        return 0

    @property
    def head(self) -> str:
        """The activation of the head for words."""
        return "gelu"


# -- recipe ----------------------------------------------------------------------------------------


def settings(shape: Reading) -> dict[str, Any]:
    """What the recipe says beside its task and tokenizer."""
    heads, width = shape.num_attention_heads, shape.hidden_size
    if width % heads:
        raise UserError(f"config.json: num_attention_heads: {heads} do not divide {width}")
    norm = {"kind": "layer", "eps": shape.layer_norm_eps}
    length = shape.max_position_embeddings - shape.offset
    block = {
        "kind": "standard", "place": "post", "norm": norm, "dropout": shape.hidden_dropout_prob,
        "mixer": {"kind": "softmax", "heads": heads, "dropout": shape.attention_probs_dropout_prob},
        "ff": {"kind": ACTIVATIONS[shape.hidden_act], "width": shape.intermediate_size},
    }  # fmt: skip
    encoder = {
        "kind": "plain", "layers": shape.num_hidden_layers, "block": block, "entry": norm,
        "position": {"kind": "learned", "length": length},
        "width": 0 if shape.stream == width else width,
    }  # fmt: skip
    model = {
        "dim": shape.stream, "embed": {"kind": "table", "scale": False}, "encoder": encoder,
        "segments": segments(shape), "activation": shape.head, "eps": shape.layer_norm_eps,
    }  # fmt: skip
    return {"data": {"parts": [{}], "max_length": min(length, 512)}, "model": model}


def segments(shape: Reading) -> int:
    """Kinds of text that we tell apart: a single one is told from nothing, and goes elsewhere."""
    return shape.type_vocab_size if shape.type_vocab_size > 1 else 0


def shape(recipe: Any, order: Order, of: type[Any], title: str) -> dict[str, Any]:
    """The fields of a Reading. Raises UserError if the recipe is of another kind of encoder."""
    model = recipe.model
    encoder = model.encoder
    for path, value, wanted in wants(model):
        if value != wanted:
            raise UserError(f"{path}: {title} has no counterpart of {value}, only of {wanted}")
    block = encoder.block
    acts = {kind: name for name, kind in reversed(ACTIVATIONS.items())}
    return {
        "vocab_size": order.rows, "hidden_size": encoder.width or model.dim,
        "num_hidden_layers": encoder.layers, "num_attention_heads": block.mixer.heads,
        "intermediate_size": block.ff.width or 4 * (encoder.width or model.dim),
        "hidden_act": acts[kind_of(block.ff)], "hidden_dropout_prob": block.dropout,
        "attention_probs_dropout_prob": block.mixer.dropout,
        "max_position_embeddings": encoder.position.length, "layer_norm_eps": block.norm.eps,
        "type_vocab_size": model.segments or 1,
    }  # fmt: skip


def wants(model: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path in the recipe, what stands there, and the one thing that may."""
    encoder: Any = model.encoder
    yield "model.embed", kind_of(model.embed), "table"
    yield "model.embed.scale", model.embed.scale, False
    yield "model.encoder", kind_of(encoder), "plain"
    yield "model.encoder.position", kind_of(encoder.position), "learned"
    yield "model.encoder.entry", encoder.entry and kind_of(encoder.entry), "layer"
    block = encoder.block
    yield "model.encoder.block", kind_of(block), "standard"
    yield "model.encoder.block.place", block.place, "post"
    yield "model.encoder.block.norm", kind_of(block.norm), "layer"
    yield "model.encoder.entry.eps", encoder.entry.eps, block.norm.eps
    yield "model.encoder.block.mixer", kind_of(block.mixer), "softmax"
    yield "model.encoder.block.mixer.left", block.mixer.left, ()
    yield "model.encoder.block.mixer.width", block.mixer.width, 0
    kinds = set(ACTIVATIONS.values())
    yield "model.encoder.block.ff", kind_of(block.ff) in kinds, True
    yield "model.eps", model.eps, block.norm.eps


# -- tensors ---------------------------------------------------------------------------------------


def encoder(shape: Reading, order: Order, prefix: str) -> Iterator[Pair]:
    """The embeddings and blocks; theirs begin with `prefix`."""
    here, stack = f"{prefix}embeddings.", "reader.encoder.stack."
    yield Pair("reader.embed.weight", (f"{here}word_embeddings.weight",), rows(order))
    table = Pair(f"{stack}position.table.weight", (f"{here}position_embeddings.weight",),
                 behind(shape.offset))  # fmt: skip
    if shape.type_vocab_size == 1:
        names = (*table.theirs, f"{here}token_type_embeddings.weight")
        table = Pair(table.ours, names, joined(shape.offset))
    yield table
    if segments(shape):
        yield Pair("reader.segment", (f"{here}token_type_embeddings.weight",))
    yield from norm(f"{stack}entry.norm", f"{here}LayerNorm")
    if shape.stream != shape.hidden_size:
        yield from linear(f"{stack}entry.widen", f"{prefix}embeddings_project")
    for i in range(shape.num_hidden_layers):
        yield from block(f"{stack}blocks.{i}", f"{prefix}encoder.layer.{i}")


def block(ours: str, theirs: str) -> Iterator[Pair]:
    """One block's."""
    for name, other in (("q", "query"), ("k", "key"), ("v", "value")):
        yield from linear(f"{ours}.mixer.{name}", f"{theirs}.attention.self.{other}")
    yield from linear(f"{ours}.mixer.out", f"{theirs}.attention.output.dense")
    yield from norm(f"{ours}.residuals.0.norm", f"{theirs}.attention.output.LayerNorm")
    yield from linear(f"{ours}.ff.up", f"{theirs}.intermediate.dense")
    yield from linear(f"{ours}.ff.down", f"{theirs}.output.dense")
    yield from norm(f"{ours}.residuals.1.norm", f"{theirs}.output.LayerNorm")


def words(order: Order, dense: str, layer_norm: str, bias: str) -> Iterator[Pair]:
    """The head; theirs are called so."""
    yield from (pair._replace(head=True) for pair in chain(
        linear("dense", dense), linear("norm", layer_norm), [Pair("bias", (bias,), rows(order))]
    ))  # fmt: skip


def linear(ours: str, theirs: str) -> Iterator[Pair]:
    """Weight and bias."""
    for name in ("weight", "bias"):
        yield Pair(f"{ours}.{name}", (f"{theirs}.{name}",))


def norm(ours: str, theirs: str) -> Iterator[Pair]:
    """Gain and bias."""
    yield Pair(f"{ours}.gain", (f"{theirs}.weight",))
    yield Pair(f"{ours}.bias", (f"{theirs}.bias",))


def behind(offset: int) -> Way:
    """The rows of a table (P D) behind its first few, which nothing that counts ever reads."""

    def theirs(x: Tensor) -> tuple[Tensor, ...]:
        return (torch.cat([x.new_zeros(offset, x.size(1)), x]),)

    return Way(lambda x: x[offset:], theirs)


def joined(offset: int) -> Way:
    """The same, with the only kind of text (1 D), which is added at every position, taken in."""
    way = behind(offset)
    return Way(
        lambda x, kind: way.ours(x) + kind, lambda x: (*way.theirs(x), x.new_zeros(1, x.size(1)))
    )


def plain(name: str, prefix: str, heads: tuple[str, ...]) -> str:
    """The one name of a tensor: behind `prefix`, but for `heads`; norms as they are called now."""
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
    name = name.replace("LayerNorm.beta", "LayerNorm.bias")
    bare = name.startswith(("embeddings.", "encoder.", "embeddings_project.", "pooler."))
    return prefix + name if bare and not name.startswith(heads) else name


# -- the rest --------------------------------------------------------------------------------------


def specials(source: Source, defaults: Mapping[str, str]) -> dict[str, int]:
    """Our specials' names and their ids; what no file tells is called as the family does."""
    found = {}
    for ours in (*SPECIALS, MASK):
        name = source.named.get(CALLED[ours], defaults[ours])
        number = source.tokenizer.token_to_id(name)
        if number is None:
            raise UserError(f"{source.name}: its tokenizer has no {name}, which is our {ours}")
        found[ours] = number
    return found


def build(recipe: Any, tokenizer: ForeignTokenizer) -> nn.Module:
    """The model of a recipe."""
    return recipe.build(tokenizer.size)


def save(tokenizer: ForeignTokenizer, folder: Path) -> None:
    """The run's tokenizer, where its task looks for it."""
    tokenizer.save(folder)
