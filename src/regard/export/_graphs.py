"""The two halves of a translator as modules of plain tensors, with names: what a tracer can follow.

Positions, masks and layouts are given rather than found out, since what Python decides while a
trace is made would stay decided.

`N` sentences, `S` source tokens, `W` hypotheses of each, `B` = N W rows, `P` tokens written before,
`G` key heads, `K` head width, `V` vocabulary.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from regard.mixer.base import Carry, Cell, keep
from regard.models.seq2seq import Seq2Seq
from regard.norm.rms import RMSNorm
from regard.pass_ import Keys, Pass
from regard.position.shaw import Shaw
from regard.position.transformer_xl import TransformerXL
from regard.state import KV, Encoded, Memory, Past, State

N, S, W, P = 2, 5, 3, 4  # of the examples: any but 0 and 1, and no two alike


@dataclass
class Graph:
    """A module to trace: example inputs by name, names of the outputs, and the axes that vary."""

    name: str
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: list[str]
    axes: dict[str, dict[int, str]]


def graphs(model: Seq2Seq) -> Iterator[Graph]:
    """The encoder's, then the decoder's."""
    model = traceable(model)
    reads = Reads(model)
    source, mask = torch.ones(N, S, dtype=torch.long), torch.ones(N, S, dtype=torch.bool)
    state = reads.start(source, mask)
    memory = {f"memory.{i // 2}.{'kv'[i % 2]}": t for i, t in enumerate(remembered(state))}
    axes = {name: {0: "sentences", 1: "source"} for name in ("source", "mask")}
    axes |= {name: {0: "sentences", 2: "source"} for name in memory}
    past = {}
    for i, layer in enumerate(state.layers):
        for name in names(layer):
            t = getattr(layer, name)
            fresh = isinstance(layer, KV)
            t = t.new_zeros(*t.shape[:2], P, t.size(3)) if fresh else t
            past[f"past.{i}.{name}"] = t.repeat_interleave(W, 0)
            axes[f"past.{i}.{name}"] = {0: "rows", **({2: "written"} if fresh else {})}
    read = {"source": source, "mask": mask}
    yield Graph("encoder", reads, read, [*memory, *past], axes)
    told = {"tokens": torch.ones(N, W, dtype=torch.long), "position": torch.tensor([P])}
    axes |= {name: {0: "sentences", 1: "hypotheses"} for name in ("tokens", "logprobs")}
    newer = {name.replace("past", "present", 1): name for name in past}
    axes |= {new: {0: "rows", **({2: "now_written"} if 2 in axes[old] else {})}
             for new, old in newer.items()}  # fmt: skip
    inputs = {**told, "mask": mask, **memory, **past}
    yield Graph("decoder", Writes(model, state), inputs, ["logprobs", *newer], axes)


class Reads(nn.Module):
    """Source and mask (N S) to all that a decoder begins with.

    First keys and values of the memory (N G S K), layer by layer, then the states of its own layers
    (N ...), those of attention still empty.
    """

    def __init__(self, model: Seq2Seq):
        super().__init__()
        self.model = model
        found = [self.start(torch.tensor([[i]]), torch.tensor([[True]])) for i in (1, 2)]
        one, two = ([t for layer in x.layers for t in tensors(layer)] for x in found)
        same = all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
        self.begun = one if same else None  # the states of a row, whatever it is to read

    def forward(self, source: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Both N S; mask is True where there is a token."""
        state = self.start(source, mask)
        begun = [t for layer in state.layers for t in tensors(layer)]
        if self.begun is not None:
            begun = [t.expand(source.size(0), *t.shape[1:]) for t in self.begun]
        return (*remembered(state), *begun)

    def start(self, source: Tensor, mask: Tensor) -> State:
        """The decoder's first state."""
        pos = places(mask)
        pass_ = Pass(pos, mask, Keys(pos, mask, "right"), tokens=source)
        encoded = self.model.encoder(self.model.embed(source), pass_)
        # without the mask, which only the decoder's steps need
        return self.model.start(Encoded(encoded.x, None, encoded.pos, encoded.summary))


class Writes(nn.Module):
    """One token (N W) of every hypothesis to what may follow it (N W V), and the newer states.

    `position` (1,) tokens have been fed before; then come the mask, the memory, and the states
    (B ..., so that they need no other shape: ONNX cannot reshape what is still empty).
    """

    def __init__(self, model: Seq2Seq, state: State):
        super().__init__()
        self.model, self.layers, self.rules = model, state.layers, state.rules
        self.heard = len(remembered(state))

    def forward(self, tokens: Tensor, position: Tensor, mask: Tensor, *given: Tensor) -> tuple:
        """Log-probabilities, then the states."""
        rows = tokens.flatten()  # B
        layers = filled(self.layers, given[self.heard :])
        keys = [layer.k for layer in layers if isinstance(layer, KV)]  # B G P K each
        past = places(keys[0][:, 0, :, 0] if keys else rows[:, None][:, :0])
        state = State(
            position.expand_as(rows), Past(past, torch.ones_like(past).bool()), layers,
            heard(given[: self.heard], mask, tokens.size(1), rows), self.rules,
        )  # fmt: skip
        logprobs, state = self.model.step(rows[:, None], state)
        new = [t for layer in state.layers for t in tensors(layer)]
        return logprobs.unflatten(0, (tokens.size(0), tokens.size(1))), *new


def places(like: Tensor) -> Tensor:
    """0, 1, 2 ... in every row of `like` (B T)."""
    return torch.arange(like.size(1)).expand(like.size(0), like.size(1))


def remembered(state: State) -> list[Tensor]:
    """Keys and values of the memory, layer by layer."""
    return [] if state.memory is None else [t for pair in state.memory.kv for t in pair]


def heard(kv: Sequence[Tensor], mask: Tensor, per: int, rows: Tensor) -> Memory | None:
    """The memory again, `per` rows a sentence."""
    if not kv:
        return None
    pairs = list(zip(kv[::2], kv[1::2], strict=True))
    return Memory(Keys(places(mask), mask, "right"), pairs, torch.arange(rows.size(0)), per)


def names(layer: Any) -> list[str]:
    """What the tensors of a layer's state are called."""
    held = {} if layer is None else {f.name: getattr(layer, f.name) for f in fields(layer)}
    # while a trace is made, a count is a tensor too, of no dimension
    return [name for name, t in held.items() if isinstance(t, Tensor) and t.dim()]


def tensors(layer: Any) -> list[Tensor]:
    """They themselves."""
    return [getattr(layer, name) for name in names(layer)]


def filled(layers: Sequence[Any], own: Sequence[Tensor]) -> list[Any]:
    """The layers' states with these tensors."""
    made, left = [], iter(own)
    for layer in layers:
        made.append(layer and replace(layer, **{name: next(left) for name in names(layer)}))
    return made


# -- parts that are traced in another form ---------------------------------------------------------


def traceable(model: Seq2Seq) -> Seq2Seq:
    """A copy with these forms: norms spelt out, cells of the encoder as loops, sizes as tensors."""
    model = copy.deepcopy(model).cpu().eval().requires_grad_(False)
    put(model, RMSNorm, Spelt)
    put(model.encoder, Cell, Looped)
    forms: dict[type, Callable] = {Shaw: shaw, TransformerXL: transformer_xl}
    part: Any
    for part in model.modules():
        if type(part) in forms:
            part.bias = MethodType(forms[type(part)], part)
    return model


def put(module: nn.Module, kind: type, form: Callable) -> None:
    """Every child of this kind in the other form."""
    for name, child in module.named_children():
        if isinstance(child, kind):
            setattr(module, name, form(child))
        else:
            put(child, kind, form)


class Spelt(nn.Module):
    """RMS normalisation out of smaller pieces: the tracer has no name for it."""

    def __init__(self, norm: RMSNorm):
        super().__init__()
        self.gain, self.eps = norm.gain, norm.eps

    def forward(self, x: Tensor, ok: Tensor | None = None) -> Tensor:
        """x (B T D)."""
        return x * (x.square().mean(-1, keepdim=True) + self.eps).rsqrt() * self.gain


def shaw(self: Shaw, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
    """Its bias; a slice of a shape would be a constant."""
    all_ = q @ self.keys.weight.T * q.size(-1) ** -0.5  # B H T 2C+1
    index = self.distance(q_pos, k_pos)[:, None].expand(-1, q.size(1), -1, -1)
    return all_.gather(-1, index)


def transformer_xl(
    self: TransformerXL, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor
) -> Tensor:
    """Its bias; the nearest and the farthest distance as Python's numbers would be constants."""
    d = q_pos[:, :, None] - k_pos[:, None, :]  # B T S
    near: Any = d.min()
    angle = torch.arange(near, d.max() + 1)[:, None] * self.frequency  # type: ignore[call-overload]
    waves = torch.cat([angle.sin(), angle.cos()], -1).to(q.dtype)
    r = self.project(waves).unflatten(-1, (self.heads, -1)).permute(1, 2, 0)  # H K distances
    index = (d - near)[:, None].expand(-1, self.heads, -1, -1)
    content = self.u @ k.repeat_interleave(self.heads // k.size(1), 1).transpose(-1, -2)  # B H 1 S
    return (((q + self.v) @ r).gather(-1, index) + content) * q.size(-1) ** -0.5


class Looped(Cell):
    """A cell whose scan is a loop in the graph, so that rows may be of any length."""

    def __init__(self, cell: Cell):
        super().__init__(cell.width)
        self.cell = cell
        self.loop: Any = None  # made of the first rows it sees, before anything is traced

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Carry:
        """Zeros for the rows of `like`: a number counted by Python would be a constant."""
        zero = like.new_zeros(like.size(0), self.width)
        return Carry(zero, zero if self.cell.memory else None)

    def scan(
        self, x: Tensor, carry: Carry, ok: Tensor | None = None, reverse: bool = False
    ) -> tuple[Tensor, Carry]:
        """x (N S D), real where ok, as the cell would."""
        assert ok is not None
        x = self.cell.prepare(x)
        if reverse:
            x, ok = x.flip(1), ok.flip(1)
        h, c = carry.h, carry.h if carry.c is None else carry.c
        if self.loop is None:
            self.loop = compiled(self.cell, (x[:, 0], ok[:, :1], h, c))
        y, h, c = self.loop(x, ok, h, c)
        return y.flip(1) if reverse else y, Carry(h, c if self.cell.memory else None)


def compiled(cell: Cell, example: tuple[Tensor, ...]) -> Any:
    """The steps of rows, one after the other, in plain tensors: x (N S ...) prepared, ok (N S), h
    and c (N W), which is passed through where the cell has none, to outputs (N S W), h and c.
    """

    def step(x: Tensor, ok: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        old = Carry(h, c if cell.memory else None)
        new = keep(ok, cell.advance(x, old), old)
        return new.h, c if new.c is None else new.c

    once = torch.jit.trace(step, example)

    def loop(
        x: Tensor, ok: Tensor, h: Tensor, c: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        out: list[Tensor] = []
        for t in range(x.size(1)):
            h, c = once(x[:, t], ok[:, t].unsqueeze(1), h, c)
            out.append(h)
        return torch.stack(out, 1), h, c

    return torch.jit.script(loop)
