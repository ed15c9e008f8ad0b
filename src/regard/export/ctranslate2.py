"""CTranslate2: a C++ engine for CPUs and GPUs (https://github.com/OpenNMT/CTranslate2).

The folder can also be used without us: its vocabularies are our tokenizers' pieces, and tokenizer/
lies beside them. `P` positions, `D` width.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from regard.data.parallel import Codec
from regard.data.tokenizer.base import BOS, EOS, SPECIALS, UNK
from regard.export.base import Wanted, model_wants, stack_wants
from regard.models.seq2seq import Seq2Seq
from regard.pass_ import encoding
from regard.position.base import Position
from regard.recipe import UserError, kind_of
from regard.search.base import Hypothesis, Limits
from regard.search.found import Ranking
from regard.search.processors import NoRepeat, Repetition
from regard.tasks import translate
from regard.tasks.decode.base import Ask, DecodeConfig
from regard.tasks.translator import room

PRECISIONS = ("float32", "int8")
ACTIVATIONS = {"relu": "RELU", "gelu": "GELU", "swiglu": "SWISH"}  # ours -> theirs
POSITIONS = ("sinusoidal", "learned", "none", "rotary")
BATCH = 64  # sentences that are translated together


def refusal(recipe: translate.Config) -> str | None:
    """What in the recipe has no counterpart there, and what would do instead; None: nothing."""
    for path, part, known in parts(recipe):
        if kind_of(part) not in known:
            return f"{path}: CTranslate2 knows no {kind_of(part)}: use {' or '.join(known)}"
    for path, value, wanted in settings(recipe):
        if value not in wanted:
            return f"{path}: CTranslate2 cannot have {value}: use {' or '.join(map(str, wanted))}"
    return None


def parts(recipe: translate.Config) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Path of each part, the part, and the kinds that would do; looked at in this order."""
    model = recipe.model
    yield "model.embed", model.embed, ("table",)
    for side in ("encoder", "decoder"):
        stack = getattr(model, side)
        yield f"model.{side}", stack, ("plain",)
        yield f"model.{side}.position", stack.position, POSITIONS
        yield f"model.{side}.block", stack.block, ("standard",)
        here = f"model.{side}.block"
        yield f"{here}.mixer", stack.block.mixer, ("softmax",)
        if side == "decoder":
            yield f"{here}.cross", stack.block.cross, ("softmax",)
        yield f"{here}.ff", stack.block.ff, tuple(ACTIVATIONS)
        yield f"{here}.norm", stack.block.norm, ("layer", "rms")


def settings(recipe: translate.Config) -> Wanted:
    """The same for plain values, once the kinds are known."""
    encoder, decoder = recipe.model.encoder, recipe.model.decoder
    for side, stack in (("encoder", encoder), ("decoder", decoder)):
        yield f"model.{side}.block.place", stack.block.place, ("pre", "post")
        yield from stack_wants(side, stack)
    yield from model_wants(recipe)
    yield "model.decoder.block.norm.eps", decoder.block.norm.eps, (encoder.block.norm.eps,)


def library() -> Any:
    """The package. Raises UserError where it is not installed."""
    try:
        import ctranslate2
    except ImportError:
        raise UserError("ctranslate2 is not installed: pip install 'regard[export]'") from None
    return ctranslate2


# -- writing ---------------------------------------------------------------------------------------


def write(
    model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
) -> None:
    """Fill an empty folder with the model, its vocabularies and our tokenizers."""
    specs = library().specs
    encoder, decoder = model.encoder.stack, model.writer.decoder.stack
    positions = lasting(recipe)
    made = []
    sides: Any = (
        (specs.TransformerEncoderSpec, encoder, model.embed, recipe.model.encoder),
        (specs.TransformerDecoderSpec, decoder, model.writer.embed, recipe.model.decoder),
    )
    for of, stack, embed, part in sides:
        spec = of(**layout(part, specs))
        fill(spec, stack, embed, table(stack.position, positions, stack.dim))
        made.append(spec)
    weight, bias = model.head
    made[1].projection.weight, made[1].projection.bias = array(weight), array(bias)
    whole = specs.TransformerSpec(*made)
    whole.register_source_vocabulary(codec.source.names)
    whole.register_target_vocabulary(codec.target.names)
    config = whole.config
    config.bos_token = config.decoder_start_token = SPECIALS[BOS]
    config.eos_token, config.unk_token = SPECIALS[EOS], SPECIALS[UNK]
    config.layer_norm_epsilon = recipe.model.encoder.block.norm.eps
    config.add_attribute("regard", {"precision": precision, "positions": positions})
    whole.validate()
    whole.optimize(quantization=None if precision == "float32" else precision)
    whole.save(str(folder))
    codec.save(folder / "tokenizer")


def layout(stack: Any, specs: Any) -> dict[str, Any]:
    """What their layers must know of ours before they are filled."""
    block, told = stack.block, {}
    if kind_of(stack.position) == "rotary":
        told = {"rotary_dim": 0, "rotary_interleave": False, "rotary_base": stack.position.base}
    return {
        "num_layers": stack.layers, "num_heads": block.mixer.heads,
        "pre_norm": block.place == "pre", "no_final_norm": block.place != "pre",
        "activation": getattr(specs.Activation, ACTIVATIONS[kind_of(block.ff)]),
        "ffn_glu": kind_of(block.ff) == "swiglu", "rms_norm": kind_of(block.norm) == "rms", **told,
    }  # fmt: skip


def fill(spec: Any, stack: Any, embed: Any, encodings: np.ndarray | None) -> None:
    """Our weights into one side of theirs."""
    into = spec.embeddings[0] if isinstance(spec.embeddings, list) else spec.embeddings
    into.weight, spec.scale_embeddings = array(embed.weight), embed.factor != 1.0
    if encodings is not None:
        spec.position_encodings.encodings = encodings
    if stack.norm is not None:
        norm(spec.layer_norm, stack.norm)
    for layer, block in zip(spec.layer, stack.blocks, strict=True):
        own, *middle, last = (residual.norm for residual in block.residuals)
        mixer, cross, ff = block.mixer, block.cross, block.ff
        linear(layer.self_attention.linear[0], mixer.q, mixer.k, mixer.v)
        linear(layer.self_attention.linear[1], mixer.out)
        norm(layer.self_attention.layer_norm, own)
        if cross is not None:
            linear(layer.attention.linear[0], cross.q)
            linear(layer.attention.linear[1], cross.k, cross.v)
            linear(layer.attention.linear[2], cross.out)
            norm(layer.attention.layer_norm, middle[0])
        gated = hasattr(ff, "gate")
        linear(layer.ffn.linear_0, ff.gate if gated else ff.up)
        if gated:
            linear(layer.ffn.linear_0_noact, ff.up)
        linear(layer.ffn.linear_1, ff.down)
        norm(layer.ffn.layer_norm, last)


def linear(spec: Any, *ours: Any) -> None:
    """Linear maps of one input, as one."""
    spec.weight = array(torch.cat([x.weight for x in ours]))
    spec.bias = array(torch.cat([x.bias for x in ours]))


def norm(spec: Any, ours: Any) -> None:
    """Gain, and bias if there is one."""
    spec.gamma = array(ours.gain)
    if hasattr(ours, "bias"):
        spec.beta = array(ours.bias)


def array(weight: Tensor) -> np.ndarray:
    """A copy: they quantise in place."""
    return weight.detach().float().cpu().numpy().copy()


def lasting(recipe: translate.Config) -> int:
    """How many positions the export has: as many as a translator ever asks for, unless ours end."""
    stacks = (recipe.model.encoder, recipe.model.decoder)
    ends = [s.position.length for s in stacks if kind_of(s.position) == "learned"]
    return min([room(recipe.data.max_length), *ends])


def table(position: Any, length: int, dim: int) -> np.ndarray | None:
    """What is added at each position (P D): asked of the part itself; None if it only turns."""
    if type(position).turn is not Position.turn:
        return None
    like = [*position.parameters(), *position.buffers(), torch.empty(0)][0]
    nothing = torch.zeros(1, length, dim, device=like.device)
    return array(position.add(nothing, encoding(None, nothing), 0)[0])


# -- use -------------------------------------------------------------------------------------------


def open(folder: Path, codec: Codec, threads: int) -> "CTranslate2":
    """The engine in a folder that `write` has filled, on so many threads of a CPU."""
    facts = json.loads((folder / "config.json").read_text("utf-8"))["regard"]
    # a batch for each thread: two threads in one batch wait for each other
    model = library().Translator(str(folder), inter_threads=threads, intra_threads=1)
    return CTranslate2(model, codec, facts["precision"], facts["positions"])


class CTranslate2:
    """Greedy and beam search as ours, but for when they stop.

    Nothing is masked there: they would spread a masked token's probability over the others, and
    the score would no longer be the model's. Instead a row is handed back if a guard or a forbidden
    id would have mattered to one of its hypotheses.
    """

    def __init__(self, model: Any, codec: Codec, precision: str, positions: int):
        self.model, self.positions = model, positions
        self.name = f"ctranslate2 {precision}"
        self.source, self.target = codec.source.names, codec.target.names
        self.ids = {name: i for i, name in enumerate(self.target)}

    def takes(self, decode: DecodeConfig, ask: Ask, prefixes: Sequence[Sequence[int]]) -> bool:
        """One answer of a plain search.

        Of several the lower ones show where a search ended, as does a length penalty so strong that
        the best come late; and a forced prefix, which counts in our scores, counts nothing there.
        """
        more = ask.best > 1 or any(prefixes) or any(ask.phrases or ()) or ask.trace is not None
        known = all(isinstance(guard, NoRepeat | Repetition) for guard in decode.guards())
        plain = kind_of(decode) in ("greedy", "beam") and getattr(decode, "alpha", 0.0) <= 1
        return plain and known and not more

    def decoded(
        self, sources: Sequence[Sequence[int]], decode: DecodeConfig, ask: Ask, limits: Limits
    ) -> list[list[Hypothesis] | None]:
        """See `tasks.engine.Engine`; None also for a row without an end within its limit."""
        rows = [i for i, row in enumerate(sources) if 1 < len(row) <= self.positions]
        written = [[self.source[token] for token in sources[i]] for i in rows]
        size = decode.width  # of hypotheses, and of ends after which they stop; we wait for better
        results = self.model.translate_batch(
            written, max_batch_size=BATCH, batch_type="examples", max_input_length=0,
            max_decoding_length=min(max(limits.max_len, default=1), self.positions),
            min_decoding_length=0, beam_size=size, num_hypotheses=size,
            length_penalty=0, return_scores=True, return_end_token=True,
        )  # fmt: skip
        found: list[list[Hypothesis] | None] = [None] * len(sources)
        scores = Scores(self.model)
        for i, source, result in zip(rows, written, results, strict=True):
            spared = limits.once[i] if limits.once else ()
            best = self.best(result, decode, limits.max_len[i], set(limits.forbid), spared)
            if best is not None:
                later: Any = scores.of(source, [self.target[token] for token in best.tokens])
                found[i] = [replace(best, token_scores=later)]
        return found

    def best(
        self, result: Any, decode: DecodeConfig, most: int, forbidden: set[int],
        spared: Sequence[int],
    ) -> Hypothesis | None:  # fmt: skip
        """By our ranking, of those that ended within the limit; None also if one is not allowed."""
        ranking, guards, kept = Ranking(getattr(decode, "alpha", 0.0)), decode.guards(), []
        for words, score in zip(result.hypotheses, result.scores, strict=True):
            tokens = [self.ids[word] for word in words]
            length, finished = len(tokens), tokens[-1:] == [EOS]
            tokens = tokens[: length - finished]
            beyond = Counter(tokens) - Counter(spared)  # what may come once, it may not come twice
            if (forbidden | set(spared)) & beyond.keys() or acts(guards, tokens):
                return None
            if finished and length <= most:
                rank = score / ranking.penalty(length)
                kept.append(Hypothesis(tokens, score, [], True, rank))
        return max(kept, key=lambda h: h.ranking, default=None)


def acts(guards: Sequence[Any], tokens: Sequence[int]) -> bool:
    """Would one of these have forbidden one of these tokens after those before it?"""
    for guard in guards:
        if isinstance(guard, NoRepeat):
            grams = list(zip(*(tokens[i:] for i in range(guard.size)), strict=False))
            if len(set(grams)) < len(grams):
                return True
        else:
            for p in range(1, guard.period + 1):
                alike = 0  # tokens in a row that equal the one p before
                for before, token in zip(tokens, tokens[p:], strict=False):
                    alike = alike + 1 if token == before else 0
                    if alike == guard.times * p:
                        return True
    return False


class Scores:
    """What the tokens of some outputs get: worked out for all together, when one is looked at.

    Few look, and it takes a second trip through the model.
    """

    def __init__(self, model: Any):
        self.model, self.sources, self.targets = model, [], []  # type: ignore[var-annotated]

    def of(self, source: list[str], target: list[str]) -> "Later":
        """Those of one more output, eos last."""
        self.sources.append(source)
        self.targets.append(target)
        return Later(self, len(self.sources) - 1)

    @cached_property
    def all(self) -> list[list[float]]:
        """Of every output."""
        how = {"max_batch_size": BATCH, "batch_type": "examples", "max_input_length": 0}
        found = self.model.score_batch(self.sources, self.targets, **how)
        return [result.log_probs for result in found]


class Later(Sequence[float]):
    """One output's."""

    def __init__(self, scores: Scores, number: int):
        self.scores, self.number = scores, number

    def __len__(self) -> int:
        return len(self.scores.all[self.number])

    def __getitem__(self, i: Any) -> Any:
        return self.scores.all[self.number][i]
