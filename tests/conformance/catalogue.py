"""Every model the folders can make, found by walking them: no list of kinds is kept here.

A config's fields say what may fill them (`Part`), so one walk over the settings of a stack varies
each part, each choice and each switch in turn; a new file of any family is found by itself. Parts
of parts are varied in the plain stack alone; any other stack meets every block, and of positions
one for each set of places where they may enter.

REGARD_ONLY=window,strided keeps the models whose names hold one of these words.
"""

import itertools
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

import torch
from torch import Tensor, nn

from regard.embed import table
from regard.models import lm, seq2seq
from regard.pass_ import encoding
from regard.position.base import Position
from regard.recipe import Config, Part, UserError, kind_of, kinds
from regard.stack.base import Encoder
from regard.state import Encoded

D, V = 16, 11

# Small where a size is free; dropout is on, so that a model which leaves it on at use is seen.
SMALL = {
    "layers": 2, "dropout": 0.25, "word_dropout": 0.25, "clip": 2, "buckets": 4, "far": 8,
    "reach": 2, "chunk": 4, "length": 64, "landmarks": 3, "features": 8, "clusters": 3,
    "memory": 3, "experts": 3, "segment": 3, "stride": 2, "kernel": 3, "rank": 3, "block": 3,
    "leading": 1, "random": 1, "keys": 4, "top": 2, "prototypes": 2,
    "ramp": 2, "rounds": 2, "factor": 1, "points": 3,
}  # fmt: skip


def small(config: Config) -> Config:
    """The same settings with small sizes, its parts too."""
    values = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        if name == "threshold" and isinstance(value, float):
            value = 0.5  # so that some stop early
        if name in SMALL and isinstance(value, int | float) and not isinstance(value, bool):
            value = SMALL[name]
        if name == "width" and part_of(config, name) is None and "ff" in type(config).__module__:
            value = 8
        values[name] = small(value) if isinstance(value, Config) else value
    return type(config)(**values)


def default(module: str) -> Config:
    """The settings of a kind as its file has them, small."""
    return small(import_module(module).Config())


def part_of(config: Config, name: str) -> Part | None:
    """What may fill the field, if a part may."""
    found = [m for m in type(config).model_fields[name].metadata if isinstance(m, Part)]
    return found[0] if found else None


def choices(config: Config, name: str) -> Iterator[tuple[str, Any]]:
    """Every other value that the field may have, with its name."""
    part, hint = part_of(config, name), type(config).model_fields[name].annotation
    value = getattr(config, name)
    if part is not None:
        for kind, module in sorted(part.known().items()):
            if kind != kind_of(value):
                yield kind, default(module)
    elif get_origin(hint) is Literal:
        yield from ((str(v), v) for v in get_args(hint) if v != value)
    elif hint is bool:
        yield str(not value).lower(), not value


def replaced(config: Config, **changes: Any) -> Config:
    """The same settings but for some, checked again."""
    old = {name: getattr(config, name) for name in type(config).model_fields}
    return type(config)(**{**old, **changes})


def varied(config: Config, deep: bool = True) -> Iterator[tuple[str, Config]]:
    """The settings with one thing changed, in every way there is; if `deep`, in parts of parts.

    A part that is put in brings its own choices and switches along.
    """
    for name in type(config).model_fields:
        value, part = getattr(config, name), part_of(config, name) is not None
        for label, other in choices(config, name):
            yield f"{name}={label}", replaced(config, **{name: other})
            if part and deep:
                for inner, changed in switched(other):
                    yield f"{name}={label}.{inner}", replaced(config, **{name: changed})
        if part and deep:
            for label, other in varied(value):
                yield f"{name}.{label}", replaced(config, **{name: other})


def switched(config: Config) -> Iterator[tuple[str, Config]]:
    """The settings with one choice or switch of their own changed, no part."""
    for name in type(config).model_fields:
        if part_of(config, name) is None:
            for label, other in choices(config, name):
                yield f"{name}={label}", replaced(config, **{name: other})


@dataclass(frozen=True)
class Entry:
    """One model of the catalogue: its name, how to make it, and what is in it."""

    name: str
    build: Callable[[], nn.Module]
    parts: frozenset[str]


@dataclass(frozen=True)
class Refusal:
    """A combination that no model can be made of, and what was said."""

    name: str
    said: str


def parts_in(config: Config) -> frozenset[str]:
    """`family.kind` of everything inside, and every choice made, as `Config.field=value`."""
    family, kind = type(config).__module__.split(".")[-2:]
    found = {f"{family}.{kind}"}
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, Config):
            found |= parts_in(value)
        elif get_origin(type(config).model_fields[name].annotation) is Literal:
            found.add(f"{family}.{kind}.{name}={value}")
    return frozenset(found)


def stacks(role: str) -> Iterator[tuple[str, Config]]:
    """Every stack file that `reads` (encoders) or `writes` (decoders), varied."""
    for kind, module in sorted(kinds("stack").items()):
        config = default(module)
        if not getattr(config, role):
            continue
        yield kind, config
        deep, met = kind == "plain", set[frozenset[str]]()
        for label, other in varied(config, deep):
            if not deep and label.startswith("position="):
                where = entrances(other.position)
                if where in met:
                    continue
                met.add(where)
            yield f"{kind}/{label}", other
        if deep:
            yield from ((f"{kind}/{label}", other) for label, other in pairs(config))


def entrances(position: Config) -> frozenset[str]:
    """The places where a kind of position enters a model."""
    made = type(position.build(D, 4))
    places = ("add", "turn", "bias", "values")
    return frozenset(p for p in places if getattr(made, p) is not getattr(Position, p))


def pairs(config: Config) -> Iterator[tuple[str, Config]]:
    """What meets in one place, pair by pair: mixers with positions, placements with norms."""
    block = config.block
    config = replaced(config, layers=1)  # layers meet each other in all the rest
    for (a, mixer), (b, position) in itertools.product(
        choices(block, "mixer"), choices(config, "position")
    ):
        inner = replaced(block, mixer=mixer)
        yield f"mixer={a}+position={b}", replaced(config, block=inner, position=position)
    for (a, place), (b, norm) in itertools.product(choices(block, "place"), choices(block, "norm")):
        yield f"place={a}+norm={b}", replaced(config, block=replaced(block, place=place, norm=norm))


def readers(decoder: Config) -> Iterator[tuple[str, Config]]:
    """Encoders that a decoder may want: a plain one, or one of the same cells as itself."""
    yield "plain", replaced(default(kinds("stack")["plain"]), layers=1)
    cell = getattr(decoder, "cell", None)
    if cell is not None:
        like = {"cell": cell, "layers": getattr(decoder, "layers", 1), "width": D // 2}
        yield "recurrent", replaced(default(kinds("stack")["recurrent"]), **like)
    if decoder.reads and kind_of(decoder) != "plain":  # of its own kind, by each of its choices
        for label, own in switched(decoder):
            yield f"{kind_of(decoder)}.{label}", own


class Reader(nn.Module):
    """An encoder over token ids, without a decoder."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.embed, self.encoder = table.Config(scale=True).build(V, D), encoder

    def encode(self, tokens: Tensor, ok: Tensor | None = None) -> Encoded:
        """Read tokens (N S), real where ok."""
        return self.encoder(self.embed(tokens), encoding(ok, tokens, tokens))


def shaken(name: str, make: Callable[[], nn.Module]) -> nn.Module:
    """The model in use, in float64; the same weights every time, none at a special value."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(zlib.crc32(name.encode()))
        model = make().double().eval()
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.2 * torch.randn_like(p))
    return model


def wanted(name: str) -> bool:
    """Is a model of this name asked for?"""
    only = os.environ.get("REGARD_ONLY", "")
    return not only or any(word in name for word in only.split(","))


def candidates() -> Iterator[tuple[str, Callable[[], nn.Module], frozenset[str]]]:
    """Everything to try: a name, how to make it, and what is in it."""
    for label, stack in stacks("writes"):
        pair = "+" in label  # what meets there needs no encoder to meet: half the time
        if pair or "/" not in label:
            config = lm.Config(dim=D, decoder=stack)
            yield f"lm:{label}", partial(config.build, V), parts_in(stack)
        if pair:
            continue
        for reader, encoder in readers(stack):
            both = seq2seq.Config(dim=D, encoder=encoder, decoder=stack)
            yield f"{reader}:{label}", partial(both.build, V, V), parts_in(both)
    for label, config in varied(replaced(lm.Config(dim=D), embed=small(lm.Config().embed))):
        if label.startswith("embed"):
            config = replaced(config, decoder=default(kinds("stack")["plain"]))
            yield f"lm:{label}", partial(config.build, V), parts_in(config)
    for label, config in varied(seq2seq.Config(dim=D)):
        if label.startswith("tie"):
            plain = replaced(default(kinds("stack")["plain"]), layers=1)
            config = replaced(config, encoder=plain, decoder=plain)
            yield f"plain:{label}", partial(config.build, V, V), parts_in(config)
    for label, stack in stacks("reads"):
        if ".cross" in label:
            continue  # an encoder has none
        make = lambda stack=stack: Reader(stack.encoder(D))  # noqa: E731
        yield f"encoder:{label}", make, parts_in(stack)


@cache
def catalogue() -> tuple[dict[str, Entry], dict[str, Refusal]]:
    """Every model by name, and every refusal by name."""
    entries, refusals = {}, {}
    for name, make, parts in candidates():
        if not wanted(name):
            continue
        try:
            model = shaken(name, make)
            if hasattr(model, "writer") and hasattr(model, "encoder"):
                model.start(model.encode(torch.ones(1, 1, dtype=torch.long)))
        except UserError as error:
            refusals[name] = Refusal(name, str(error))
        else:
            entries[name] = Entry(name, partial(shaken, name, make), parts)
    return entries, refusals
