"""Who may see whom: rules over absolute positions, joined with `&`, and padding. True = may attend.

`B` rows, `T` queries, `S` keys, `H` heads.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from weakref import ReferenceType, ref

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.pass_ import Keys, Pass
from regard.position.base import Position

LANES = 16  # numbers of 32 bits in the widest vector of a processor


@dataclass(frozen=True, eq=False)
class Rule:
    """May a query at q_pos (B T 1) see a key at k_pos (B 1 S)? Broadcasts, so blocks may ask
    too.
    """

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """True where it may: broadcasts to B T S."""
        raise NotImplementedError

    def reorder(self, index: Tensor) -> Rule:
        """The rule for other rows: the same, unless it holds tensors."""
        return self


@dataclass(frozen=True)
class Causal(Rule):
    """Nobody sees what comes later."""

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Keys up to the query itself."""
        return k_pos <= q_pos


@dataclass(frozen=True)
class Window(Rule):
    """Keys nearer than `width`, before and after."""

    width: int

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Distance below the width."""
        return (q_pos - k_pos).abs() < self.width


@dataclass(frozen=True, eq=False)
class Edges(Rule):
    """A graph per row, such as data flow in a program: `edges` (B P P), from query to key
    position.
    """

    edges: Tensor

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """True where there is an edge."""
        P = self.edges.size(1)
        flat = q_pos.clamp(max=P - 1) * P + k_pos.clamp(max=P - 1)  # B T S
        return self.edges.flatten(1).gather(1, flat.flatten(1)).view(flat.shape)

    def reorder(self, index: Tensor) -> Edges:
        """The graphs of those rows."""
        return Edges(self.edges[index])


class Scope:
    """What some queries may see of some keys; made once per trip and distinct rules.

    `allow()` is the mask, or None where it would be all True; `causal` says that a kernel's own
    causal mask is exact for every real query.
    """

    def __init__(self, q_pos: Tensor, keys: Keys, rules: tuple[Rule, ...] = ()):
        self.q_pos, self.k_pos, self.k_ok = q_pos, keys.pos, keys.ok
        self.rules, self.layout = rules, keys.layout
        self.position = Position()
        self.known: ReferenceType[Pass] | None = None  # weak: the trip keeps its scopes
        self.made: dict[str, Tensor | None] = {}  # shared by all `at`

    @property
    def trip(self) -> Pass | None:
        """Where kinds leave word for the layer above.

        Each keeping the other would keep a step's tensors until Python looks for such rings.
        """
        return None if self.known is None else self.known()

    @trip.setter
    def trip(self, trip: Pass | None) -> None:
        self.known = None if trip is None else ref(trip)

    def at(self, position: Position) -> Scope:
        """The same scope, with the position that may add to its scores."""
        other = copy.copy(self)
        other.position = position
        return other

    @property
    def causal(self) -> bool:
        """Queries are the keys, in order, and padding (if any) comes last, where none looks."""
        square = self.q_pos.size(1) == self.k_pos.size(1)
        return square and self.rules == (Causal(),) and self.layout != "holes"

    @property
    def open(self) -> bool:
        """Nothing is hidden: no padding, and no rule, or one newest query that sees all before
        it.
        """
        newest = self.q_pos.size(1) == 1 and self.rules == (Causal(),)
        return self.layout == "full" and (not self.rules or newest)

    def allow(self) -> Tensor | None:
        """B 1 T S (broadcasting), True = may attend; None where everything may."""
        if "allow" not in self.made:
            self.made["allow"] = None if self.open else self._allow()
        return self.made["allow"]

    def _allow(self) -> Tensor:
        ok = torch.ones_like(self.k_pos, dtype=torch.bool) if self.k_ok is None else self.k_ok
        ok = ok[:, None, :]  # B 1 S
        for rule in self.rules:
            ok = ok & rule(self.q_pos[:, :, None], self.k_pos[:, None, :])
        return ok[:, None]

    def bias(self, q: Tensor, k: Tensor) -> Tensor | None:
        """What the position adds to the scores, B H T S."""
        return self.position.bias(q, k, self.q_pos, self.k_pos)


def scope_of(pass_: Pass, cross: bool = False) -> Scope:
    """The trip's scope over its own keys, or over the memory; cached on the Pass."""
    name = ("memory",) if cross else ("self", pass_.rules)
    if name not in pass_.scopes:
        if cross:
            pass_.scopes[name] = over_memory(pass_)
        else:
            pass_.scopes[name] = Scope(pass_.pos, pass_.keys, pass_.rules)
            pass_.scopes[name].trip = pass_
    return pass_.scopes[name]


def over_memory(pass_: Pass) -> Scope:
    """Rows of one sentence ask together where they stand together; else keys follow their
    owners.
    """
    memory = pass_.memory
    assert memory is not None
    if memory.per is not None:
        return Scope(pass_.pos.reshape(memory.keys.pos.size(0), -1), memory.keys)
    ok = None if memory.keys.ok is None else memory.keys.ok[memory.owner]
    return Scope(pass_.pos, Keys(memory.keys.pos[memory.owner], ok, memory.keys.layout))


def masked_softmax(scores: Tensor, scope: Scope) -> Tensor:
    """The one softmax of the house: a query with nothing to see gets zeros, never NaN."""
    allow = scope.allow()
    if allow is None:
        return softmax(scores)
    low = torch.finfo(scores.dtype).min
    return softmax(scores.masked_fill(~allow, low)).masked_fill(~allow, 0.0)


def softmax(scores: Tensor) -> Tensor:
    """Over the last dimension. On a CPU PyTorch takes what is left of a row after whole vectors a
    number at a time, twenty times as slowly: a search fills rows up.
    """
    searching = scores.device.type == "cpu" and not torch.is_grad_enabled()
    if not searching or torch.jit.is_tracing():
        return scores.softmax(-1)
    left = -scores.size(-1) % LANES
    filled = F.pad(scores, (0, left), value=float("-inf"))
    return filled.softmax(-1)[..., : scores.size(-1)]
