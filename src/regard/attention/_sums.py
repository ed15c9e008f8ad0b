"""Linearised attention: running sums stand in for the keys, whatever the length.

A kind says what the features of its queries and keys are, and may let the past fade; the forms (all
at once, chunk by chunk, token by token) are the same for all of them.

`B` rows, `T` tokens, `H` heads, `K` head width, `F` features of a head.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar

import torch
from torch import Tensor

from regard.attention.base import Core, per_head
from regard.attention.scope import Causal, Rule, Scope
from regard.recipe import UserError
from regard.state import Held

CHUNK = 64  # inside a chunk the causal form is quadratic, between chunks it is the state
MANY = 8  # chunks that go at once where nothing is causal: few enough for a processor's cache


@dataclass
class Sums(Held):
    """Sum of phi(k) v^T (B H F K) and of phi(k) (B H F)."""

    kv: Tensor
    z: Tensor


class Running(Core):
    """Bidirectional: one global sum. Causal: a running sum, chunk by chunk."""

    scores = False
    keeps_keys = False
    floor: ClassVar[float] = 0.0  # least weight that a query finds: features that err need one

    def __init__(self, chunk: int = CHUNK):
        super().__init__()
        if chunk < 1:
            raise UserError(f"{type(self).__name__.lower()}: a chunk holds 1 position or more")
        self.chunk = chunk

    def honours(self, rule: Rule) -> bool:
        """Only the order of time can be kept in a running sum."""
        return isinstance(rule, Causal)

    def asks(self, q: Tensor) -> Tensor:
        """Features of queries: B H T F."""
        raise NotImplementedError

    def keys(self, k: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features of keys (B H T F), and a gate for each (B H T) if there is one.

        The gate is the logarithm of what the key leaves of the sums before it.
        """
        raise NotImplementedError

    def start(self, k: Tensor, v: Tensor, capacity: int | None) -> Any:
        """Sums over keys and values of which there are none."""
        none = self.keys(k)[0].sum(2)  # B H F, in a graph too
        return Sums(none[..., None] * v.sum(2)[..., None, :], none)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope, state: Any) -> tuple:
        """Causal if the rules say so, on from `state` if there is one; else over all keys."""
        k, v = per_head(k, q.size(1)), per_head(v, q.size(1))
        past = state or self.start(k[:, :, :0], v[:, :, :0], None)
        ok = scope.trip.ok if state is not None and scope.trip else scope.k_ok
        hidden = None if ok is None else ~ok[:, None]  # B 1 T
        if Causal() in scope.rules:
            out = []
            for asks, keys, values, none in chunks(self.chunk, q, k, v, hidden):
                y, past = self.advance(past, self.asks(asks), *self.real(keys, none), values)
                out.append(y)
            return torch.cat(out, 2), past
        size = MANY * self.chunk
        for keys, values, none in chunks(size, k, v, hidden):
            past = self.add(past, *self.real(keys, none), values)
        return torch.cat([self.read(past, self.asks(x)) for (x,) in chunks(size, q)], 2), state

    def real(self, k: Tensor, hidden: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Features and gate, nothing where there is padding."""
        k, gate = self.keys(k)
        if hidden is not None:
            k = k.masked_fill(hidden[..., None], 0.0)
            gate = gate if gate is None else gate.masked_fill(hidden, 0.0)
        return k, gate

    def add(self, past: Any, k: Tensor, gate: Tensor | None, v: Tensor) -> Any:
        """The sums with T more keys in no order: nothing fades."""
        return Sums(past.kv + k.transpose(-1, -2) @ v, past.z + k.sum(2))

    def read(self, past: Any, q: Tensor) -> Tensor:
        """What T queries find in the sums."""
        return self.share(q @ past.kv, (q @ past.z[..., None])[..., 0])

    def advance(
        self, past: Any, q: Tensor, k: Tensor, gate: Tensor | None, v: Tensor
    ) -> tuple[Tensor, Any]:
        """T tokens against the sums of the past and, causally, each other."""
        near = q @ k.transpose(-1, -2)  # B H T T
        if gate is not None:  # what is left of a sum at t was left by every key up to t
            left = gate.cumsum(-1)  # B H T
            near = near * (left[..., :, None] - left[..., None, :]).tril().exp()
            q = q * left.exp()[..., None]
        near = near.tril()
        weight = near.sum(-1) + (q @ past.z[..., None])[..., 0]
        y = self.share(near @ v + q @ past.kv, weight)
        if gate is not None:
            k = k * (left[..., -1:] - left).exp()[..., None]
            last = left[..., -1].exp()  # B H
            past = Sums(past.kv * last[..., None, None], past.z * last[..., None])
        return y, self.add(past, k, None, v)

    def share(self, values: Tensor, weight: Tensor) -> Tensor:
        """Values (B H T K) by the weight found (B H T); zeros where there was nothing to see."""
        if self.floor:
            weight = weight.clamp_min(self.floor)
        return values / weight.masked_fill(weight == 0, 1.0)[..., None]


def chunks(size: int, *tensors: Tensor | None) -> Iterator[tuple[Any, ...]]:
    """Parts of each along the row, side by side.

    Split, not sliced: the gradient of a slice is as long as the row, and rows have many.
    """
    if torch.jit.is_tracing():  # a graph is for any length: all at once
        return iter([tensors])
    parts = (repeat(None) if x is None else x.split(size, 2) for x in tensors)
    return zip(*parts, strict=False)
