"""DeltaNet: fast weights that recall a value for a key; a new pair corrects what is recalled.

Branch: Attention / Linearised
Paper: Parallelizing Linear Transformers with the Delta Rule, Yang et al. 2024, sections 2 and 3,
  https://arxiv.org/abs/2406.06484 (the rule: Schlag et al. 2021, https://arxiv.org/abs/2102.11174)
Formula: W_t = W_(t-1) + b_t k_t (v_t - k_t W_(t-1))^T, y_t = q_t W_t, for q and k silu(x) made a
  unit vector
Cost: time O(T D (K + chunk)), memory O(T D); the state of a row is O(D K), whatever its length
Causal: yes
Scores: no
Limit: token by token and chunk by chunk are the same; with keys at right angles and b_t = 1 a key
  recalls the last value written for it, exactly

The rate b_t = sigmoid(a k_t + c) reads the head's key, where the paper reads the layer's input; its
short convolutions and the norm on what comes out are left to other parts. An encoder writes all
pairs in order before any query reads.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._sums import CHUNK, Running, chunks
from regard.attention.base import CoreConfig
from regard.state import Held


class Config(CoreConfig):
    """`chunk` positions go at once: a matter of speed alone."""

    chunk: int = CHUNK

    def core(self, width: int) -> "DeltaNet":
        """The mechanism."""
        return DeltaNet(self.heads, width, self.chunk)


@dataclass
class FastWeights(Held):
    """From key to value (B H K K)."""

    w: Tensor


class DeltaNet(Running):
    """Each head learns how fast it writes."""

    def __init__(self, heads: int, width: int, chunk: int = CHUNK):
        super().__init__(chunk)
        self.rate = nn.Parameter(torch.zeros(heads, width, 1))
        self.bias = nn.Parameter(torch.zeros(heads, 1))

    def asks(self, q: Tensor) -> Tensor:
        """Unit vectors."""
        return unit(q)

    def keys(self, k: Tensor) -> tuple[Tensor, Tensor | None]:
        """Unit vectors, and the rate at which each writes (B H T)."""
        return unit(k), ((k @ self.rate)[..., 0] + self.bias).sigmoid()

    def start(self, k: Tensor, v: Tensor, capacity: int | None) -> FastWeights:
        """Nothing is recalled."""
        return FastWeights(k.new_zeros(*k.shape[:2], k.size(-1), v.size(-1)))

    def add(self, past: Any, k: Tensor, gate: Tensor | None, v: Tensor) -> FastWeights:
        """With T more pairs, in their order."""
        w = past.w
        for key, rate, value in chunks(self.chunk, k, gate, v):
            w = w + key.transpose(-1, -2) @ corrections(key, rate, value, w)
        return FastWeights(w)

    def read(self, past: Any, q: Tensor) -> Tensor:
        """What T queries recall."""
        return q @ past.w

    def advance(
        self, past: Any, q: Tensor, k: Tensor, gate: Tensor | None, v: Tensor
    ) -> tuple[Tensor, Any]:
        """T tokens at once: what they write is worked out first, then it is plain sums."""
        assert gate is not None
        new = corrections(k, gate, v, past.w)
        y = q @ past.w + (q @ k.transpose(-1, -2)).tril() @ new
        return y, FastWeights(past.w + k.transpose(-1, -2) @ new)


def unit(x: Tensor) -> Tensor:
    """As long as 1."""
    return F.normalize(F.silu(x), dim=-1, eps=1e-6)


def corrections(k: Tensor, rate: Tensor, v: Tensor, w: Tensor) -> Tensor:
    """What each of T keys writes (B H T K) into the weights w before them: b (v - recalled).

    What it recalls holds what those before it wrote: a triangle of equations.
    """
    rate = rate[..., None]
    known = rate * (v - k @ w)
    overlap = rate * k @ k.transpose(-1, -2)  # B H T T; above the diagonal it is not looked at
    wide = torch.promote_types(known.dtype, torch.float32)  # there is no solver for 16 bits
    new = torch.linalg.solve_triangular(
        overlap.to(wide).tril(-1), known.to(wide), upper=False, unitriangular=True
    )
    return new.to(known.dtype)
