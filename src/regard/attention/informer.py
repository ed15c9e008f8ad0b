"""Informer (ProbSparse): only the queries whose scores are far from even look; the rest get a mean.

Branch: Attention / Prototype (query)
Paper: Informer, Zhou et al. 2021, section 3.1 (Efficient Self-attention Mechanism),
  https://arxiv.org/abs/2012.07436
Formula: y_i = softmax(q_i k^T / sqrt(K)) v for the u queries of largest max_j s_ij - mean_j s_ij
  over u of the keys, u = ceil(factor ln T); for the others the mean of v
Cost: time O(T log T D), memory O(T D)
Causal: no, since the queries that look are chosen among all, later ones too
Scores: no
Limit: with all queries chosen it is dense attention

The keys that a query is tried on stand evenly in the row, from itself on; in the paper they are
drawn at random. The paper's causal form (a running sum for the mean) is left out: the choice itself
sees what comes later.
"""

import torch
from torch import Tensor

from regard.attention._rows import at, ranks, real, slots
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`factor` times ln T queries look, each tried on as many keys; `dropout` drops weights."""

    factor: int = 5
    dropout: Rate = 0.0

    def core(self, width: int) -> "Informer":
        """The mechanism."""
        if self.factor < 1:
            raise UserError("informer: factor times ln T queries look; give a factor of 1 or more")
        return Informer(self.factor, self.dropout)


class Informer(Core):
    """Dense attention of a few queries."""

    scores = False
    incremental = False
    cross = False

    def __init__(self, factor: int, dropout: float = 0.0):
        super().__init__()
        self.factor, self.dense = factor, Softmax(dropout)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        ok = real(scope)
        length = ok.sum(1)  # B
        few = (self.factor * length.clamp_min(1).double().log()).ceil().long().clamp_min(1)
        few = few.minimum(length.clamp_min(1))  # B
        keen = self.keenness(q, k, ok, few).topk(int(few.max()), -1).indices  # B H U

        real_v = v.masked_fill(~ok[:, None, :, None], 0.0)
        mean = real_v.sum(2, keepdim=True) / length.clamp_min(1)[:, None, None, None]
        y = self.dense.attend(at(q, keen), k, v, scope)
        chosen = torch.arange(keen.size(-1), device=q.device) < few[:, None]  # B U
        y = torch.where(chosen[:, None, :, None], y, mean.to(y.dtype))
        return mean.to(y.dtype).expand_as(q).scatter(2, keen[..., None].expand_as(y), y)

    @torch.no_grad()
    def keenness(self, q: Tensor, k: Tensor, ok: Tensor, few: Tensor) -> Tensor:
        """B H T: how far the largest score lies above the mean, over `few` (B) keys."""
        rank, slot, length = ranks(ok), slots(ok), ok.sum(1, keepdim=True).clamp_min(1)
        top, total = q.new_full(q.shape[:3], -torch.inf), q.new_zeros(q.shape[:3])
        for i in range(int(few.max())):
            key = slot.gather(1, (rank + i * length // few[:, None]) % length)  # B T
            score = (q * at(k, key)).sum(-1)
            tried = (i < few)[:, None, None]
            top = torch.where(tried, top.maximum(score), top)
            total = total + score * tried
        return (top - total / few[:, None, None]).masked_fill(~ok[:, None], -torch.inf)
