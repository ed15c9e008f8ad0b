"""Clustered attention: queries that hash alike ask together, with their mean.

Branch: Attention / Prototype (query)
Paper: Fast Transformers with Clustered Attention, Vyas et al. 2020, section 3.2,
  https://arxiv.org/abs/2007.04825
Formula: y_i = softmax(c k^T / sqrt(K)) v for the mean c of the queries in the cluster of q_i;
  clusters by k-means (Lloyd) over the signs of q times random vectors
Cost: time O(T clusters D), memory O(T clusters)
Causal: no, since a query's cluster depends on later queries
Scores: no
Limit: one cluster per query is dense attention

A row of no more positions than clusters gives each query its own. The first centres stand evenly in
the row, so that nothing is random at use.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention._rows import at, ranks, real, slots
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError

SEED = 2007_04825  # of the hash, so that a run has the same everywhere


class Config(CoreConfig):
    """`clusters` a head, after `rounds` of k-means over `bits`; `dropout` drops weights."""

    clusters: int = 64
    bits: int = 32
    rounds: int = 10
    dropout: Rate = 0.0

    def core(self, width: int) -> "Clustered":
        """The mechanism."""
        if min(self.clusters, self.bits) < 1 or self.rounds < 0:
            raise UserError("clustered: clusters and bits are 1 or more, rounds 0 or more")
        return Clustered(width, self.clusters, self.bits, self.rounds, self.dropout)


class Clustered(Core):
    """Dense attention of the centres; each query gets what its centre got."""

    scores = False
    incremental = False
    cross = False
    planes: Tensor

    def __init__(self, width: int, clusters: int, bits: int, rounds: int, dropout: float = 0.0):
        super().__init__()
        self.clusters, self.rounds, self.dense = clusters, rounds, Softmax(dropout)
        draw = torch.Generator().manual_seed(SEED)
        self.register_buffer("planes", torch.randn(width, bits, generator=draw), persistent=False)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        member = self.members(q, real(scope)).to(q.dtype)  # B H T C
        size = member.sum(2)[..., None].clamp_min(1)  # B H C 1
        centres = member.transpose(-1, -2) @ q / size
        return member @ self.dense.attend(centres, k, v, scope)

    @torch.no_grad()
    def members(self, q: Tensor, ok: Tensor) -> Tensor:
        """B H T C: 1 where a query belongs; padding belongs nowhere."""
        most = min(self.clusters, q.size(2))  # C
        own = F.one_hot(ranks(ok).clamp_max(most - 1), most)[:, None].float()
        found = own.expand(-1, q.size(1), -1, -1)
        if q.size(2) > most:
            few = ok.sum(1) <= most
            found = torch.where(few[:, None, None, None], found, self.kmeans(q, ok))
        return found * ok[:, None, :, None]

    def kmeans(self, q: Tensor, ok: Tensor) -> Tensor:
        """B H T C, by the signs of q."""
        code = (q @ self.planes > 0).float() * 2 - 1  # B H T bits
        step = torch.arange(self.clusters, device=q.device)  # C
        centre = at(code, slots(ok).gather(1, step * ok.sum(1)[:, None] // self.clusters))
        for _ in range(self.rounds):
            member = nearest(code, centre) * ok[:, None, :, None]
            total = member.transpose(-1, -2) @ code  # an empty cluster stays where it was
            centre = torch.where(member.sum(2)[..., None] > 0, total.sign(), centre)
        return nearest(code, centre)


def nearest(code: Tensor, centre: Tensor) -> Tensor:
    """B H T C: 1 at the centre that agrees in most bits, the first of several."""
    alike = (code @ centre.transpose(-1, -2)).float()
    C = centre.size(2)
    tie = torch.arange(C, device=code.device) / (C + 1)
    return F.one_hot((alike - tie).argmax(-1), C).float()
