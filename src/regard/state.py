"""Decode state: returned by every decoder, hidden in none.

`B` rows (hypotheses), `N` sentences of the memory, `S` slots or keys, `G` key heads, `K` head
width.
A search needs only `reorder`; refilled batches `join`; prefixes and speculation `truncate`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.pass_ import Keys, Layout, layout_of

Self = TypeVar("Self", bound="Held")


@dataclass
class Held:
    """State of one layer: tensors whose first dimension is the row."""

    rewinds: ClassVar[bool] = False  # can rows forget their newest tokens?

    def each(self: Self, change: Callable[[Tensor], Tensor]) -> Self:
        """A copy with every tensor changed."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{k: change(v) for k, v in values.items() if isinstance(v, Tensor)})

    def reorder(self: Self, index: Tensor) -> Self:
        """The rows named by `index`, any number of them."""
        return self.each(lambda t: t.index_select(0, index))

    def detach(self: Self) -> Self:
        """The same values, cut from the graph."""
        return self.each(Tensor.detach)

    def join(self: Self, other: Self, slots: tuple[int, int]) -> Self:
        """Rows of both; `slots` is how many each has used of the past."""
        mine = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(
            self,
            **{
                k: torch.cat([v, getattr(other, k)])
                for k, v in mine.items()
                if isinstance(v, Tensor)
            },
        )


def widen(t: Tensor, size: int, dim: int) -> Tensor:
    """`t` with zeros (False) added at the end of `dim` up to `size`."""
    missing = size - t.size(dim)
    if missing <= 0:
        return t
    return F.pad(t, (0, 0) * (t.dim() - 1 - dim % t.dim()) + (0, missing))


@dataclass
class KV(Held):
    """Keys and values of one self-attention, never written to: for gradients."""

    rewinds: ClassVar[bool] = True
    k: Tensor  # B G S K
    v: Tensor  # B G S K

    @classmethod
    def empty(cls, k: Tensor, v: Tensor, capacity: int | None) -> KV | Cache:
        """None yet of what looks like `k` and `v` (B G any K); with a capacity, room for them."""
        if capacity is None:
            return cls(k[:, :, :0], v[:, :, :0])
        shape = [(capacity, t.size(0), t.size(1), t.size(3)) for t in (k, v)]
        return Cache(k.new_empty(shape[0]), v.new_empty(shape[1]), k.size(0))

    def append(self, k: Tensor, v: Tensor, start: int) -> KV:
        """With T more keys from slot `start` on; what lay there or later is left out."""
        if start:
            k = torch.cat([self.k[:, :, :start], k], 2)
            v = torch.cat([self.v[:, :, :start], v], 2)
        return KV(k, v)

    def seen(self) -> tuple[Tensor, Tensor]:
        """Keys and values, each (B G S K)."""
        return self.k, self.v

    def join(self, other: KV, slots: tuple[int, int]) -> KV:
        """Rows of both, the shorter widened by slots that Past knows to be empty.

        Empty slots hold zeros: a weight of 0 times what was never written need not be 0.
        """
        return KV(*(
            torch.cat([widen(t[:, :, :n], max(slots), 2) for t, n in zip(pair, slots, strict=True)])
            for pair in ((self.k, other.k), (self.v, other.v))
        ))  # fmt: skip


@dataclass
class Cache(Held):
    """Keys and values written in place: go on only from the newest. What a token adds lies together
    in a slot, so that a token, and a row that moves, touch little memory.
    """

    rewinds: ClassVar[bool] = True
    k: Tensor  # S B G K, S and B are room
    v: Tensor  # S B G K
    rows: int
    used: int = 0  # slots written

    def append(self, k: Tensor, v: Tensor, start: int) -> Cache:
        """With T more keys from slot `start` on; what lay there or later is overwritten."""
        end, room = start + k.size(2), self
        if end > len(self.k):  # twice as much
            room = self.each(lambda t: widen(t, 2 * end, 0))
        room.k[start:end, : self.rows] = k.permute(2, 0, 1, 3)
        room.v[start:end, : self.rows] = v.permute(2, 0, 1, 3)
        return replace(room, used=end)

    def seen(self) -> tuple[Tensor, Tensor]:
        """Keys and values written so far, each (B G used K)."""
        k, v = (t[: self.used, : self.rows].permute(1, 2, 0, 3) for t in (self.k, self.v))
        return k, v

    def reorder(self, index: Tensor) -> Cache:
        """The rows named by `index`; those that stay where they are cost nothing."""
        rows, new = len(index), []
        moved = (index != torch.arange(rows, device=index.device)).nonzero()[:, 0]
        for room in (self.k, self.v):
            written = room[: self.used]
            if rows > room.size(1):
                room = room.new_empty(len(room), rows, *room.shape[2:])
                room[: self.used] = written.index_select(1, index)
            else:  # what moves is gathered before anything is overwritten
                written.index_copy_(1, moved, written.index_select(1, index[moved]))
            new.append(room)
        return Cache(new[0], new[1], rows, self.used)

    def join(self, other: Cache, slots: tuple[int, int]) -> Cache:
        """Rows of both, as `KV.join`."""
        used = max(slots)
        parts = [
            [widen(t[:n, : c.rows], used, 0) for t in (c.k, c.v)]
            for c, n in zip((self, other), slots, strict=True)
        ]
        k, v = (torch.cat(pair, 1) for pair in zip(*parts, strict=True))
        return Cache(k, v, self.rows + other.rows, used)


@dataclass
class Past:
    """Where the remembered tokens stand; shared by all layers, whose KV have the same slots."""

    pos: Tensor  # B S
    ok: Tensor  # B S
    layout: Layout = "full"

    @property
    def used(self) -> int:
        """How many slots are in use."""
        return self.pos.size(1)

    def append(self, pos: Tensor, ok: Tensor | None) -> Past:
        """With T more tokens, real where `ok`."""
        layout: Layout = self.layout
        if ok is not None:
            new = layout_of(ok)
            layout = new if new == "full" or not self.used else "holes"
            if self.layout != "full":
                layout = "holes"
        elif self.layout == "right":
            layout = "holes"
        if ok is None:
            ok = torch.ones_like(pos, dtype=torch.bool)
        return Past(torch.cat([self.pos, pos], 1), torch.cat([self.ok, ok], 1), layout)

    def keys(self) -> Keys:
        """What a trip may look at."""
        return Keys(self.pos, None if self.layout == "full" else self.ok, self.layout)

    def truncate(self, n: Tensor) -> Past:
        """Without the tokens at position n (B,) and later; unused slots at the end are freed."""
        ok = self.ok & (self.pos < n[:, None])
        kept = ok.any(0).nonzero()
        used = int(kept[-1]) + 1 if len(kept) else 0
        ok = ok[:, :used]
        return Past(self.pos[:, :used], ok, layout_of(ok))

    def reorder(self, index: Tensor) -> Past:
        """The rows named by `index`."""
        return Past(self.pos[index], self.ok[index], self.layout)

    def join(self, other: Past) -> Past:
        """Rows of both."""
        used = max(self.used, other.used)
        pos = torch.cat([widen(self.pos, used, 1), widen(other.pos, used, 1)])
        ok = torch.cat([widen(self.ok, used, 1), widen(other.ok, used, 1)])
        return Past(pos, ok, layout_of(ok))


@dataclass
class Encoded:
    """What an encoder hands to a decoder."""

    x: Tensor  # N S D
    ok: Tensor | None  # N S
    pos: Tensor  # N S
    summary: Any = None  # final states of a recurrent encoder, one per layer

    def reorder(self, index: Tensor) -> Encoded:
        """The sentences named by `index`."""
        summary = self.summary and [s.reorder(index) for s in self.summary]
        ok = None if self.ok is None else self.ok[index]
        return Encoded(self.x[index], ok, self.pos[index], summary)


@dataclass
class Memory:
    """What cross-attention reads: kept once a sentence, whichever rows own it."""

    keys: Keys  # N S
    kv: list[tuple[Tensor, Tensor]]  # per layer, N G S K each
    owner: Tensor  # B, sentence of each row
    per: int | None = 1  # rows per sentence, if every sentence has as many, in order

    @classmethod
    def of(cls, encoded: Encoded, kv: list[tuple[Tensor, Tensor]]) -> Memory:
        """One row a sentence."""
        layout = layout_of(encoded.ok)
        ok = None if layout == "full" else encoded.ok
        owner = torch.arange(encoded.x.size(0), device=encoded.x.device)
        return cls(Keys(encoded.pos, ok, layout), kv, owner)

    def reorder(self, index: Tensor) -> Memory:
        """Rows change owners; nothing is copied unless a sentence lost its last row."""
        owner, old = self.owner[index], self
        kept, runs, rows = owner.unique_consecutive(return_inverse=True, return_counts=True)
        per = int(rows[0]) if len(rows) and bool((rows == rows[0]).all()) else None
        if per is None or len(kept) > len(kept.unique()):  # rows of a sentence stand apart
            per = None
            kept, runs = owner.unique(return_inverse=True)
        if not torch.equal(kept, torch.arange(self.keys.pos.size(0), device=kept.device)):
            old = self.each(lambda t: t.index_select(0, kept))
        return Memory(old.keys, old.kv, runs, per)

    def each(self, change: Callable[[Tensor], Tensor]) -> Memory:
        """A copy with every tensor that is kept per sentence changed."""
        ok = None if self.keys.ok is None else change(self.keys.ok)
        keys = Keys(change(self.keys.pos), ok, self.keys.layout)
        kv = [(change(k), change(v)) for k, v in self.kv]
        return Memory(keys, kv, self.owner, self.per)

    def join(self, other: Memory) -> Memory:
        """Sentences and rows of both."""
        S = max(self.keys.pos.size(1), other.keys.pos.size(1))
        ok = torch.cat(
            [
                widen(torch.ones_like(m.keys.pos).bool() if m.keys.ok is None else m.keys.ok, S, 1)
                for m in (self, other)
            ]
        )
        pos = torch.cat([widen(self.keys.pos, S, 1), widen(other.keys.pos, S, 1)])
        kv = [
            (
                torch.cat([widen(a[0], S, 2), widen(b[0], S, 2)]),
                torch.cat([widen(a[1], S, 2), widen(b[1], S, 2)]),
            )
            for a, b in zip(self.kv, other.kv, strict=True)
        ]
        owner = torch.cat([self.owner, other.owner + self.keys.pos.size(0)])
        layout = layout_of(ok)
        per = self.per if self.per == other.per else None
        return Memory(Keys(pos, None if layout == "full" else ok, layout), kv, owner, per)


@dataclass
class State:
    """All that a decoder remembers of its rows."""

    n: Tensor  # B, tokens read
    past: Past
    layers: list[Any]  # Held or None, one per layer
    memory: Memory | None = None
    rules: tuple = ()

    def reorder(self, index: Tensor) -> State:
        """The rows named by `index`, any number of them."""
        if len(index) == len(self.n) and torch.equal(
            index, torch.arange(len(index), device=index.device)
        ):
            return self
        layers = [s and s.reorder(index) for s in self.layers]
        memory = self.memory and self.memory.reorder(index)
        rules = tuple(r.reorder(index) for r in self.rules)
        return State(self.n[index], self.past.reorder(index), layers, memory, rules)

    def truncate(self, n: Tensor) -> State:
        """Rows as they were after their first n (B,) tokens.

        Raises ValueError if a layer cannot go back (a recurrent one).
        """
        for layer in self.layers:
            if layer is not None and not layer.rewinds:
                raise ValueError(f"{type(layer).__name__} cannot go back: start again and replay")
        return replace(self, n=torch.minimum(self.n, n), past=self.past.truncate(n))

    def join(self, other: State) -> State:
        """Rows of both, this state's first."""
        if self.rules != other.rules:
            raise ValueError("states with different rules cannot be joined")
        slots = (self.past.used, other.past.used)
        layers = [
            a and a.join(b, slots) for a, b in zip(self.layers, other.layers, strict=True)
        ]
        memory = self.memory and other.memory and self.memory.join(other.memory)
        past = self.past.join(other.past)
        return State(torch.cat([self.n, other.n]), past, layers, memory, self.rules)

    def detach(self) -> State:
        """The same values, cut from the graph."""
        memory = self.memory and self.memory.each(Tensor.detach)
        return replace(self, layers=[s and s.detach() for s in self.layers], memory=memory)
