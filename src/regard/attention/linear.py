"""Linear attention, phi(q) . sum of phi(k) v (Katharopoulos et al. 2020,
https://arxiv.org/abs/2006.16236, 3.2 to 3.4).

phi(x) = elu(x) + 1. Time O(T D K), memory O(D K) a row: the state is a sum, whatever the length.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention.base import Core, CoreConfig, per_head
from regard.attention.scope import Causal, Rule, Scope
from regard.state import Held

CHUNK = 64  # inside a chunk the causal form is quadratic, between chunks it is the state


class Config(CoreConfig):
    """Nothing more to set."""

    def core(self, width: int) -> "Linear":
        """The mechanism."""
        return Linear()


@dataclass
class Sums(Held):
    """Sum of phi(k) v^T (B H K K) and of phi(k) (B H K)."""

    kv: Tensor
    z: Tensor


class Linear(Core):
    """Bidirectional: one global sum. Causal: a running sum, chunk by chunk."""

    scores = False
    keeps_keys = False

    def honours(self, rule: Rule) -> bool:
        """Only the order of time can be kept in a running sum."""
        return isinstance(rule, Causal)

    def start(self, k: Tensor, v: Tensor, capacity: int | None) -> Sums:
        """Sums of nothing."""
        B, H, _, K = k.shape
        return Sums(k.new_zeros(B, H, K, v.size(-1)), k.new_zeros(B, H, K))

    def forward(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope, state: Any) -> tuple:
        """Causal if there is a state or the rules say so, else over all keys."""
        q, k = F.elu(q) + 1, F.elu(per_head(k, q.size(1))) + 1
        v = per_head(v, q.size(1))
        ok = scope.trip.ok if state is not None and scope.trip else scope.k_ok
        if ok is not None:
            k = k * ok[:, None, :, None].to(k.dtype)
        if Causal() not in scope.rules:
            return read(q, k.transpose(-1, -2) @ v, k.sum(2)), state
        state = state or self.start(k, v, None)
        out = []
        for a in range(0, q.size(2), CHUNK):
            b = a + CHUNK
            y, state = chunk(q[:, :, a:b], k[:, :, a:b], v[:, :, a:b], state)
            out.append(y)
        return torch.cat(out, 2), state


def chunk(q: Tensor, k: Tensor, v: Tensor, state: Sums) -> tuple[Tensor, Sums]:
    """T tokens against the sums of the past and, causally, each other."""
    near = (q @ k.transpose(-1, -2)).tril()  # B H T T
    num = near @ v + q @ state.kv
    den = near.sum(-1) + (q @ state.z[..., None])[..., 0]
    new = Sums(state.kv + k.transpose(-1, -2) @ v, state.z + k.sum(2))
    return num / den.clamp_min(1e-6)[..., None], new


def read(q: Tensor, kv: Tensor, z: Tensor) -> Tensor:
    """q (B H T K) asks the finished sums."""
    return (q @ kv) / (q @ z[..., None]).clamp_min(1e-6)
