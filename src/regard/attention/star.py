"""Star attention: a query sees its neighbours on a ring and a relay that has read the whole row.

Branch: Attention / Sparse, by position
Paper: Star-Transformer, Guo et al. 2019, section 3, https://arxiv.org/abs/1902.09113
Formula: softmax of q_i (k_{i-1}, k_i, k_{i+1}, k_s)^T / sqrt(K), times (v_{i-1}, v_i, v_{i+1},
  v_s), i +- 1 modulo the row's length; k_s = sum_j a_j k_j and v_s = sum_j a_j v_j with
  a = softmax of r k^T / sqrt(K), r learned
Cost: time O(T D), memory O(T D)
Causal: no, the relay reads the whole row
Scores: no
Limit: in a row of three or fewer, dense attention with the relay as one more key

Simplified: the relay is made anew in each layer, by a query r that is learned and starts at 0, so
that the relay starts as the mean of the row (the paper's first relay), instead of going from layer
to layer; and the token's embedding is no neighbour of its own: the residual stream carries it.
"""

import torch
from torch import Tensor, nn

from regard.attention._pattern import ordered
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope, masked_softmax


class Config(CoreConfig):
    """Nothing more to set."""

    def core(self, width: int) -> "Star":
        """The mechanism."""
        return Star(self.heads, width)


class Star(Core):
    """Four keys a query, whatever the length: the ring is gathered, the relay is one for all."""

    scores = False
    incremental = False
    cross = False

    def __init__(self, heads: int, width: int):
        super().__init__()
        self.relay = nn.Parameter(torch.zeros(heads, 1, width))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        share, near, ring = self.shares(q, k, scope)
        y = (ring[..., None, :3] @ gathered(v, near))[..., 0, :]
        return y + ring[..., 3:] * (share @ v)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T T, for pictures: what reaches a query through the relay counted as its own."""
        share, near, ring = self.shares(q, k, scope)
        index = near[:, None].expand(-1, q.size(1), -1, -1)
        return (ring[..., 3:] * share).scatter_add(-1, index, ring[..., :3])

    def shares(self, q: Tensor, k: Tensor, scope: Scope) -> tuple[Tensor, Tensor, Tensor]:
        """What the relay takes of each key (B H 1 T); each query's neighbours (B T 3); and what it
        takes of them and of the relay (B H T 4).
        """
        scale = k.size(-1) ** -0.5
        share = masked_softmax(self.relay @ k.transpose(-1, -2) * scale, scope)
        near, there = neighbours(scope)
        beside = (gathered(k, near) @ q[..., None])[..., 0]  # B H T 3
        beside = beside.masked_fill(~there[:, None], torch.finfo(q.dtype).min)
        scores = torch.cat([beside, q @ (share @ k).transpose(-1, -2)], -1) * scale
        return share, near, scores.softmax(-1)


def neighbours(scope: Scope) -> tuple[Tensor, Tensor]:
    """Slots of the one before, oneself and the one after (B T 3), and whether each counts.

    In a ring of two the one before is the one after, in a ring of one both are oneself.
    """
    order, place, length = ordered(scope)
    step = torch.tensor([-1, 0, 1], device=order.device)
    size = length.clamp_min(1)[:, None, None]
    ring = (place[..., None] + step) % size  # B T 3
    near = order.gather(1, ring.flatten(1)).view(ring.shape)
    fewest = torch.tensor([2, 1, 3], device=order.device)
    return near, (length[:, None, None] >= fewest).expand(ring.shape)


def gathered(x: Tensor, index: Tensor) -> Tensor:
    """Entries of x (B H T K) at index (B T 3): B H T 3 K."""
    return x[torch.arange(len(x), device=x.device)[:, None, None], :, index].permute(0, 3, 1, 2, 4)
