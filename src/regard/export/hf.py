"""Hugging Face: a folder that plain `transformers` opens, with no code of ours or anybody's in it.

A pre-norm Transformer is their Pegasus, a post-norm one their Marian, weight for weight.

`B` rows, `N` sentences, `S` source tokens, `P` positions, `D` width, `V` vocabulary.
"""

import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import tokenizers
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, decoders, normalizers
from tokenizers.processors import TemplateProcessing
from torch import Tensor

from regard.data.parallel import Codec
from regard.data.tokenizer.base import BOS, EOS, PAD, SPECIALS, Tokenizer
from regard.export import _translators
from regard.export._stepping import Stepping
from regard.export.base import Wanted, model_wants, stack_wants
from regard.models.seq2seq import Seq2Seq
from regard.pass_ import encoding
from regard.recipe import UserError, kind_of
from regard.tasks import translate
from regard.tasks.translator import room

PRECISIONS = ("float32",)
CLASSES = {  # by the place of the norm: kind of model, its class
    "pre": ("pegasus", "PegasusForConditionalGeneration"),
    "post": ("marian", "MarianMTModel"),
}
# Pegasus keeps its table of positions in the file, whatever it holds; Marian makes its own anew.
POSITIONS = {"pre": ("sinusoidal", "learned", "none"), "post": ("sinusoidal",)}
TIES = {"pre": ("all",), "post": ("all", "target", "none")}
TOKENIZERS = ("bpe", "unigram", "char", "byte")
ROOM = 1024  # positions, unless more are needed or there are fewer


# -- which recipes ---------------------------------------------------------------------------------


def refusal(recipe: translate.Config) -> str | None:
    """What in the recipe has no counterpart there, and what would do instead; None: nothing."""
    if not recipe.data.shared:
        return "data.shared: a folder of transformers has one tokenizer for both sides: use true"
    for path, value, known in chain(parts(recipe), settings(recipe)):
        if value not in known:
            place = getattr(getattr(recipe.model.encoder, "block", None), "place", "")
            name = CLASSES.get(place, ("transformers",))[0].capitalize()
            instead = " or ".join(map(str, known))
            return f"{path}: {name} has no counterpart of {value}: use {instead}"
    return None


def parts(recipe: translate.Config) -> Wanted:
    """Path of each part, its kind, and those that would do; looked at in this order."""
    model = recipe.model
    yield "data.tokenizer", kind_of(recipe.data.tokenizer), TOKENIZERS
    yield "model.embed", kind_of(model.embed), ("table",)
    for side in ("encoder", "decoder"):
        stack, here = getattr(model, side), f"model.{side}"
        yield here, kind_of(stack), ("plain",)
        yield f"{here}.block", kind_of(stack.block), ("standard",)
        yield f"{here}.block.place", stack.block.place, tuple(CLASSES)
        yield f"{here}.position", kind_of(stack.position), POSITIONS[stack.block.place]
        yield f"{here}.block.mixer", kind_of(stack.block.mixer), ("softmax",)
        if side == "decoder":
            yield f"{here}.block.cross", kind_of(stack.block.cross), ("softmax",)
        yield f"{here}.block.ff", kind_of(stack.block.ff), ("relu", "gelu")
        yield f"{here}.block.norm", kind_of(stack.block.norm), ("layer",)


def settings(recipe: translate.Config) -> Wanted:
    """The same for plain values, once the kinds are known."""
    model, encoder, decoder = recipe.model, recipe.model.encoder, recipe.model.decoder
    place = encoder.block.place
    yield "model.decoder.block.place", decoder.block.place, (place,)
    yield "model.tie", model.tie, TIES[place]
    yield "model.decoder.block.ff", kind_of(decoder.block.ff), (kind_of(encoder.block.ff),)
    yield from model_wants(recipe)
    for side, stack in (("encoder", encoder), ("decoder", decoder)):
        yield from stack_wants(side, stack)
        yield f"model.{side}.block.norm.eps", stack.block.norm.eps, (1e-5,)
        if place == "post":
            yield f"model.{side}.position.base", stack.position.base, (10000.0,)
    for length in learned(recipe):
        yield "model.decoder.position.length", length, (learned(recipe)[0],)


def learned(recipe: translate.Config) -> list[int]:
    """How many positions those stacks have that learn theirs."""
    stacks = (recipe.model.encoder, recipe.model.decoder)
    return [s.position.length for s in stacks if kind_of(s.position) == "learned"]


def lasting(recipe: translate.Config) -> int:
    """How many positions the export has: at least what a translator ever asks for, but for ends."""
    return learned(recipe)[0] if learned(recipe) else max(ROOM, room(recipe.data.max_length))


# -- writing ---------------------------------------------------------------------------------------


def write(
    model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
) -> None:
    """Fill an empty folder: weights, settings, tokenizer, and what differs from our search."""
    if codec.foreign is not None:
        return _translators.write(model, codec, recipe, folder)
    save_file(weights(model, recipe), folder / "model.safetensors", {"format": "pt"})
    theirs(codec.source).save(str(folder / "tokenizer.json"))
    reading = {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": recipe.data.max_length,
        **{f"{name.strip('<>')}_token": name for name in SPECIALS},
        "split_special_tokens": True,  # who types <eos> means the five characters
        "clean_up_tokenization_spaces": False, "padding_side": "right",
    }  # fmt: skip
    written = {
        "config": shape(recipe, codec), "generation_config": search(recipe, codec),
        "tokenizer_config": reading,
    }  # fmt: skip
    for name, settings in written.items():
        (folder / f"{name}.json").write_text(json.dumps(settings, indent=1) + "\n", "utf-8")
    how = Path(__file__).with_suffix(".md").read_text("utf-8")
    told = {"decode": kind_of(recipe.decode), "alpha": getattr(recipe.decode, "alpha", 0.0)}
    tag = f"<2{recipe.data.directions[0].split('-')[1]}>" if codec.tagged else ""
    (folder / "README.md").write_text(how.format(**told, tag=tag), "utf-8")


def weights(model: Seq2Seq, recipe: translate.Config) -> dict[str, Tensor]:
    """Ours under their names; each table once."""
    encoder: Any = model.encoder.stack
    decoder: Any = model.writer.decoder.stack
    found: dict[str, Any] = {"final_logits_bias": model.bias[None]}
    if model.output is not None:
        found["lm_head.weight"] = model.output
    if model.embed is model.writer.embed:
        found["model.shared.weight"] = model.embed.weight
    for side, stack, embed in (
        ("encoder", encoder, model.embed), ("decoder", decoder, model.writer.embed)
    ):  # fmt: skip
        here = f"model.{side}"
        if model.embed is not model.writer.embed:
            found[f"{here}.embed_tokens.weight"] = embed.weight
        found[f"{here}.embed_positions.weight"] = table(stack, lasting(recipe))
        if stack.norm is not None:
            found |= pair(f"{here}.layer_norm", stack.norm)
        for i, block in enumerate(stack.blocks):
            found |= layer(f"{here}.layers.{i}", block)
    return {name: t.detach().float().cpu().clone() for name, t in found.items()}


def layer(here: str, block: Any) -> dict[str, Tensor]:
    """A block's."""
    own, *middle, last = (residual.norm for residual in block.residuals)
    found = pair(f"{here}.fc1", block.ff.up) | pair(f"{here}.fc2", block.ff.down)
    found |= pair(f"{here}.final_layer_norm", last)
    parts = [("self_attn", block.mixer, own)]
    if block.cross is not None:
        parts.append(("encoder_attn", block.cross, middle[0]))
    for name, attention, norm in parts:
        found |= pair(f"{here}.{name}_layer_norm", norm)
        for part in ("q", "k", "v", "out"):
            found |= pair(f"{here}.{name}.{part}_proj", getattr(attention, part))
    return found


def pair(name: str, module: Any) -> dict[str, Tensor]:
    """Weight (or gain) and bias."""
    weight = module.gain if hasattr(module, "gain") else module.weight
    return {f"{name}.weight": weight, f"{name}.bias": module.bias}


def table(stack: Any, length: int) -> Tensor:
    """What is added at each position (P D): asked of the part itself."""
    nothing = next(stack.parameters()).new_zeros(1, length, stack.dim)
    with torch.no_grad():
        return stack.position.add(nothing, encoding(None, nothing), 0)[0]


def shape(recipe: translate.Config, codec: Codec) -> dict[str, Any]:
    """config.json; rates of dropout are there for who trains on."""
    model, block = recipe.model, recipe.model.encoder.block
    kind, name = CLASSES[block.place]
    found = {
        "architectures": [name], "model_type": kind, "is_encoder_decoder": True,
        "vocab_size": codec.source.size, "d_model": model.dim, "scale_embedding": model.embed.scale,
        "max_position_embeddings": lasting(recipe), "tie_word_embeddings": model.tie != "none",
        "activation_function": kind_of(block.ff), "dropout": block.dropout,
        "activation_dropout": block.ff.dropout, "attention_dropout": block.mixer.dropout, **ids(),
    }  # fmt: skip
    if kind == "marian":
        found["decoder_vocab_size"] = codec.target.size
        found["share_encoder_decoder_embeddings"] = model.tie == "all"
    for side in ("encoder", "decoder"):
        stack = getattr(model, side)
        found[f"{side}_layers"] = stack.layers
        found[f"{side}_attention_heads"] = stack.block.mixer.heads
        found[f"{side}_ffn_dim"] = stack.block.ff.width or 4 * model.dim
    return found


def ids() -> dict[str, int | None]:
    """Special tokens; neither class's own habits."""
    return {
        "pad_token_id": PAD, "bos_token_id": BOS, "eos_token_id": EOS,
        "decoder_start_token_id": BOS, "forced_eos_token_id": None,
    }  # fmt: skip


def search(recipe: translate.Config, codec: Codec) -> dict[str, Any]:
    """generation_config.json: what `generate` has of our decoding."""
    decode, longest = recipe.decode, recipe.data.max_length
    found = {
        **ids(), "suppress_tokens": codec.silent, "max_length": room(longest) + 1,
        "no_repeat_ngram_size": decode.no_repeat, "num_beams": decode.width,
    }  # fmt: skip
    if hasattr(decode, "alpha"):
        found["length_penalty"] = decode.alpha
    if kind_of(decode) in ("sample", "mbr"):
        found |= {"do_sample": True, "num_beams": 1, "top_k": getattr(decode, "top_k", 0)}
        found |= {"top_p": decode.top_p, "temperature": getattr(decode, "temperature", 1.0)}
    return found


def theirs(ours: Tokenizer) -> tokenizers.Tokenizer:
    """Our tokenizer as one that needs nobody else: it ends texts with eos and puts bytes together.

    Tags of languages are read wherever they stand in a text.
    """
    made = tokenizers.Tokenizer.from_str(ours.model.to_str())
    ends: list[Any] = [decoders.ByteFallback(), decoders.Fuse()]
    if ours.facts.spelling == "spaced":
        made.normalizer = normalizers.Prepend(" ")
        ends.append(decoders.Strip(" ", 1, 0))
    made.decoder = decoders.Sequence(ends)
    eos = SPECIALS[EOS]
    made.post_processor = TemplateProcessing(single=f"$A {eos}", special_tokens=[(eos, EOS)])
    for i, name in enumerate(ours.facts.specials):
        token = AddedToken(name, normalized=False, special=i < len(SPECIALS))
        (made.add_special_tokens if token.special else made.add_tokens)([token])
    return made


# -- use -------------------------------------------------------------------------------------------


def library() -> Any:
    """The package. Raises UserError where it is not installed."""
    try:
        import transformers
    except ImportError:
        raise UserError("transformers is not installed: pip install 'regard[hf]'") from None
    return transformers


def open(folder: Path, codec: Codec, threads: int) -> Stepping:
    """The engine in a folder that `write` has filled; PyTorch's threads are the whole process's.

    Their model under our own search: `generate` searches otherwise (see the folder's README).
    """
    torch.set_num_threads(threads)
    model = loaded(folder)
    if codec.foreign is not None:
        return _translators.open(model, codec, Steps(model))
    steps = Steps(model)
    return Stepping("hf float32", steps.start, steps.step, model.config.max_position_embeddings)


def loaded(folder: Path, how: str = "AutoModelForSeq2SeqLM") -> Any:
    """The model in a folder, as anybody would load it."""
    package = library()
    bars = package.utils.logging.is_progress_bar_enabled()
    package.utils.logging.disable_progress_bar()
    try:
        return getattr(package, how).from_pretrained(folder).eval()
    finally:
        if bars:
            package.utils.logging.enable_progress_bar()


class Steps:
    """Their model, a token at a time."""

    def __init__(self, model: Any):
        self.model = model

    def start(self, source: Tensor, mask: Tensor) -> "Rows":
        """One row a sentence (N S), nothing written yet."""
        ok = mask.long()
        return Rows(self.model.get_encoder()(source, attention_mask=ok).last_hidden_state, ok)

    def step(self, tokens: Tensor, rows: "Rows") -> tuple[Tensor, "Rows"]:
        """Log-probabilities (B V) of what follows tokens (B 1)."""
        made = self.model(
            decoder_input_ids=tokens, encoder_outputs=(rows.read,), attention_mask=rows.ok,
            past_key_values=rows.past, use_cache=True,
        )  # fmt: skip
        logprobs = made.logits[:, -1].float().log_softmax(-1)
        return logprobs, Rows(rows.read, rows.ok, made.past_key_values)


@dataclass
class Rows:
    """The state: what was read (B S D), its mask (B S), and their cache, which changes in place."""

    read: Tensor
    ok: Tensor
    past: Any = None

    def reorder(self, index: Tensor) -> "Rows":
        """The rows named by `index`, any number of them; all of it is copied."""
        if self.past is not None:
            self.past.reorder_cache(index)
        return Rows(self.read[index], self.ok[index], self.past)
