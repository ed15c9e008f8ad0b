"""Routing attention: queries and keys are clustered, and a query sees the keys of its cluster.

Branch: Attention / Sparse, by content
Paper: Routing Transformer, Roy et al. 2020, section 4, https://arxiv.org/abs/2003.05997
Formula: q and k normalised as by LayerNorm without weights; softmax of q_i k_j^T / sqrt(K), times
  v, over the keys j that are among the n / c nearest to the centroid nearest to q_i
Cost: time O(T sqrt(T) D), memory O(T sqrt(T))
Causal: no, which keys are nearest depends on later tokens
Scores: no
Limit: one cluster is dense attention between normalised queries and keys

A row of n uses the first c = sqrt(n) centroids, `clusters` at most. As in the paper centroids are
no parameters: in training they drift to the means of what is nearest to them. There a query too has
to be among the nearest of a centroid; here each goes to its own, so that none is left out.

`B` rows, `T` positions (queries and keys), `H` heads, `K` head width, `c` clusters of a row, `W`
keys of a cluster, `N` chunks of W queries.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention._blocks import folded
from regard.attention._rows import real
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Rule, Scope
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError

SEED = 2003_05997  # centroids start where it says, the same everywhere


class Config(CoreConfig):
    """At most `clusters` centroids a head, which keep `decay` of themselves at every step;
    `dropout` drops weights.
    """

    clusters: int = 128
    decay: Rate = 0.999
    dropout: Rate = 0.0

    def core(self, width: int) -> "Routing":
        """The mechanism."""
        if self.clusters < 1:
            raise UserError("routing: one cluster holds every key; give 1 or more")
        return Routing(self.heads, width, self.clusters, self.decay, self.dropout)


class Routing(Core):
    """Queries of a cluster are laid out in chunks, each of which reads the keys of its cluster."""

    scores = False
    incremental = False
    cross = False
    centroids: Tensor

    def __init__(self, heads: int, width: int, clusters: int, decay: float, dropout: float = 0.0):
        super().__init__()
        self.decay, self.inner = decay, Softmax(dropout)
        draw = torch.Generator().manual_seed(SEED)
        start = torch.randn(heads, clusters, width, generator=draw)
        self.register_buffer("centroids", on_ball(start))

    def honours(self, rule: Rule) -> bool:
        """Any: rules are asked chunk by chunk."""
        return True

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        B, H, T, K = q.shape
        q, k = (F.layer_norm(x, (K,)) for x in (q, k))
        cluster, chosen, there = self.route(q, k, scope)
        W = chosen.size(-1)
        slot, owner = chunks(cluster, chosen.size(2), W)
        N = owner.size(-1)
        who = slot.new_zeros(B, H, N * W).scatter(2, slot, place(slot))  # B H NW
        keys = chosen.gather(2, owner[..., None].expand(-1, -1, -1, W)).flatten(2)  # B H NW
        ok = there[:, None, None].expand(B, H, N, W).reshape(-1, W)
        q_pos, k_pos = (
            pos[:, None].expand(B, H, -1).gather(2, at).view(-1, W)
            for pos, at in ((scope.q_pos, who), (scope.k_pos, keys))
        )
        inside = folded(scope, q_pos, k_pos, ok, H * N)
        parts = ((q, who), (k, keys), (v, keys))
        q, k, v = (taken(x, at).view(-1, 1, W, x.size(-1)) for x, at in parts)
        return taken(self.inner.attend(q, k, v, inside).view(B, H, N * W, -1), slot)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T T, for pictures."""
        q, k = (F.layer_norm(x, x.shape[-1:]) for x in (q, k))
        cluster, chosen, there = self.route(q, k, scope, learn=False)
        shape = (*chosen.shape[:3], k.size(2))
        seen = torch.zeros(shape, dtype=torch.bool, device=k.device)
        seen = seen.scatter(3, chosen, there[:, None, None].expand(chosen.shape))
        seen = seen.gather(2, cluster[..., None].expand(-1, -1, -1, k.size(2)))  # B H T T
        free = scope.allow()
        seen = seen if free is None else seen & free
        scores = self.inner.score(q, k).masked_fill(~seen, torch.finfo(q.dtype).min)
        return scores.softmax(-1).masked_fill(~seen, 0.0)

    @torch.no_grad()
    def route(
        self, q: Tensor, k: Tensor, scope: Scope, learn: bool = True
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Each query's cluster (B H T), each cluster's keys (B H c W), how many count (B W)."""
        ok, T = real(scope), k.size(2)
        most = self.centroids.size(1)
        c = min(most, math.isqrt(max(T, 1) - 1) + 1)
        length = ok.sum(1)[:, None]
        mine = length.sqrt().ceil().long().clamp(1, c)  # B 1, clusters of this row
        off = (torch.arange(c, device=k.device) >= mine)[:, None, None]  # B 1 1 c
        to_q, to_k = (
            (x @ self.centroids[:, :c].transpose(-1, -2)).masked_fill(off, -torch.inf)
            for x in (q, k)
        )  # B H T c
        cluster, W = to_q.argmax(-1), -(-T // c)
        hidden = ~ok[:, None, None]
        chosen = to_k.transpose(-1, -2).masked_fill(hidden, -torch.inf).topk(W).indices
        if self.training and learn:
            self.drift(torch.cat([q, k], 2), torch.cat([cluster, to_k.argmax(-1)], 2), ok)
        return cluster, chosen, torch.arange(W, device=k.device) < -(-length // mine)

    def drift(self, x: Tensor, cluster: Tensor, ok: Tensor) -> None:
        """Centroids move towards the mean of the queries and keys x (B H 2T K) nearest to them."""
        near = F.one_hot(cluster, self.centroids.size(1)) * torch.cat([ok, ok], 1)[:, None, :, None]
        near = near.to(x.dtype)
        count = near.sum((0, 2))[..., None]  # H c 1
        mean = torch.einsum("bhtc,bhtk->hck", near, x) / count.clamp_min(1)
        moved = on_ball(self.decay * self.centroids + (1 - self.decay) * mean)
        self.centroids.copy_(torch.where(count > 0, moved, self.centroids))


def on_ball(x: Tensor) -> Tensor:
    """As long as a normalised query is: the square root of its width."""
    return F.normalize(x, dim=-1) * x.size(-1) ** 0.5


def chunks(cluster: Tensor, clusters: int, size: int) -> tuple[Tensor, Tensor]:
    """Where each query goes (B H T) when every cluster begins a chunk; whose each chunk is (B H N).

    The last chunk of a cluster is filled up, so that there are N = T / size + clusters of them.
    """
    member = F.one_hot(cluster, clusters)  # B H T c
    rank = (member.cumsum(2).gather(-1, cluster[..., None]) - 1)[..., 0]
    room = -(-member.sum(2) // size)  # B H c, in chunks
    ends = room.cumsum(-1)
    slot = (ends - room).gather(-1, cluster) * size + rank
    chunk = torch.arange(cluster.size(-1) // size + clusters, device=cluster.device)
    owner = (chunk[:, None] >= ends[..., None, :]).sum(-1).clamp(max=clusters - 1)
    return slot, owner


def place(x: Tensor) -> Tensor:
    """0, 1, 2 ... along the last dimension."""
    return torch.arange(x.size(-1), device=x.device).expand(x.shape)


def taken(x: Tensor, index: Tensor) -> Tensor:
    """Entries of x (B H T K) at index (B H X): B H X K."""
    return x.gather(2, index[..., None].expand(*index.shape, x.size(-1)))
