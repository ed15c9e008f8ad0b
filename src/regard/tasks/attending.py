"""What a translator attends to while it writes a given target, and word alignments read off that.

`N` sentences, `H` heads, `T` target tokens (eos included), `S` source tokens (eos included, and a
tag if there are several directions).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from regard.attention.base import Core
from regard.evaluate.alignment import Links, words_from_attention
from regard.tasks.translator import Translator
from regard.tasks.workers import batches


@dataclass(frozen=True)
class Attended:
    """The weights of every attention of a model for one sentence pair: name -> (H, T, S).

    `hidden`: what reserved tokens stand for.
    """

    source: list[int]
    target: list[int]
    weights: dict[str, np.ndarray]
    hidden: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """Where to read an alignment: `head` None is the mean, `shift` 1 the next step's row."""

    name: str
    head: int | None = None
    shift: int = 0


@contextmanager
def caught(model: torch.nn.Module) -> Iterator[dict[str, list[torch.Tensor]]]:
    """Weights (N H T S) by name, one entry a call: recurrent decoders call theirs at every step.

    They are worked out beside the model's own trip, which goes on as if nobody looked.
    """
    found: dict[str, list[torch.Tensor]] = {}

    def catch(name: str) -> Any:
        def hook(core: Core, args: tuple) -> None:
            q, k, _, scope, _ = args
            trip = scope.trip
            before = trip and trip.scores
            found.setdefault(name, []).append(core.weights(q, k, scope).detach())
            if trip:  # some kinds leave word there for the layer above
                trip.scores = before

        return hook

    cores = [(n, m) for n, m in model.named_modules() if isinstance(m, Core) and m.scores]
    hooks = [core.register_forward_pre_hook(catch(label(name))) for name, core in cores]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def label(path: str) -> str:
    """`writer.decoder.stack.blocks.0.cross.core` -> `decoder.0.cross`."""
    parts = path.split(".")
    side = "decoder" if "decoder" in parts else "encoder"
    layer = next((p for p in parts if p.isdigit()), "0")
    cross = "cross" in parts or (side == "decoder" and "attention" in parts)
    return f"{side}.{layer}.{'cross' if cross else 'self'}"


@torch.inference_mode()
def attend(
    translator: Translator, sources: Sequence[str], targets: Sequence[str],
    direction: str | None = None,
) -> list[Attended]:  # fmt: skip
    """The weights of the first model for each pair, the target forced."""
    codec, model = translator.codec, translator.models[0]
    direction = codec.direction(direction)
    ids, golds = codec.given(sources, targets, direction)
    made: list[Attended | None] = [None] * len(ids)
    for rows in batches([len(s) + len(t) for s, t in zip(ids, golds, strict=True)], 1):
        with caught(model) as found:
            translator.forced([ids[i] for i in rows], [golds[i] for i in rows])
        whole = {k: torch.cat(v, 2).float().cpu().numpy() for k, v in found.items()}
        for place, i in enumerate(rows):
            weights = cut(whole, place, len(ids[i]), len(golds[i]))
            hidden = codec.hidden(codec.masks.of(sources[i]))
            made[i] = Attended(ids[i], golds[i], weights, hidden)
    return [m for m in made if m is not None]


def cut(whole: dict[str, np.ndarray], row: int, S: int, T: int) -> dict[str, np.ndarray]:
    """One sentence's weights, without padding."""
    out = {}
    for name, w in whole.items():
        rows = S if name.startswith("encoder") else T
        columns = T if name.endswith("self") and name.startswith("decoder") else S
        out[name] = w[row, :, :rows, :columns]
    return out


def read(
    translator: Translator, source: str, target: str, seen: Attended, head: Head
) -> tuple[np.ndarray, list[int], list[int]]:
    """The weights (T, S) of one head, and the word that each source and target token belongs to."""
    codec = translator.codec
    weights = seen.weights[head.name]
    chosen = weights.mean(0) if head.head is None else weights[head.head]
    some, lead = codec.directions[0], codec.lead
    tag, end = len(codec.before(some)), -1 - len(codec.after(some))
    of_source = [-1] * tag + codec.source.word_index(source, seen.source[tag:end], seen.hidden)
    of_target = codec.target.word_index(target, seen.target[lead:-1], seen.hidden)
    return chosen, of_source, [-1] * lead + of_target


def links(translator: Translator, source: str, target: str, seen: Attended, head: Head) -> Links:
    """Word alignment (source word, target word) as one head sees it."""
    return words_from_attention(*read(translator, source, target, seen, head), head.shift)


def usual(names: Sequence[str]) -> Head | None:
    """Where to look if nothing better is known: the mean of the last cross-attention but one."""
    cross = [n for n in names if n.endswith("cross")]
    return Head(cross[-2] if len(cross) > 1 else cross[0]) if cross else None
