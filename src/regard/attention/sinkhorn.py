"""Sinkhorn attention: a query sees its own block and a block that a learned sorting put beside it.

Branch: Attention / Sparse, by content
Paper: Sparse Sinkhorn Attention, Tay et al. 2020, section 3, https://arxiv.org/abs/2002.11296
Formula: P = Sinkhorn(net(mean of the keys of each block) / temperature), rows and columns of which
  sum to 1; place n gets the block of keys sum_m P_mn k_m, and the same of values; softmax over the
  2 block keys of both
Cost: time O(T block D + T T D / block), memory O(T block + (T / block)^2)
Causal: no, the sorting reads the whole row
Scores: no
Limit: a block of T and more is dense attention, and P tends to a doubly stochastic matrix

As in the paper the net gives a number for each place a block may take, which is why a row may be
`length` at most. It is shared by the heads, each of which reads its own keys. The mean takes the
place of the sum, for blocks that are not full; the noise added while training is left out.

`B` rows, `T` positions, `H` heads, `K` head width, `C` positions of a block, `N` blocks of a row.
"""

import torch
from torch import Tensor, nn

from regard.attention._blocks import cut, folded, into_rows, unfold
from regard.attention._pattern import ordered
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`block` positions each, in rows of `length` at most; `rounds` of making rows and columns sum
    to 1, the sharper the lower the `temperature`; `dropout` drops weights.
    """

    block: int = 32
    length: int = 512
    rounds: int = 8
    temperature: float = 0.7
    dropout: Rate = 0.0

    def core(self, width: int) -> "Sinkhorn":
        """The mechanism."""
        if not 1 <= self.block <= self.length:
            raise UserError("sinkhorn: a block is 1 position or more, and at most the length")
        if self.rounds < 1 or self.temperature <= 0:
            raise UserError("sinkhorn: give 1 round or more and a temperature above 0")
        return Sinkhorn(self, width)


class Sinkhorn(Core):
    """Blocks are counted by position, so that padding and holes change none of them."""

    scores = False
    incremental = False
    cross = False

    def __init__(self, config: Config, width: int):
        super().__init__()
        self.config, self.inner = config, Softmax(config.dropout)
        places = -(-config.length // config.block)
        self.net = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, places))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        place, blocks, _ = self.sort(q, k, v, scope)
        y = unfold(self.inner.attend(*blocks), len(q), q.size(2))
        return taken(y, place)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T T, for pictures: a sorted block counts as those it was made of."""
        place, (queries, keys, _, inside), P = self.sort(q, k, k, scope)
        weights = self.inner.weights(queries, keys, inside).unflatten(0, (len(q), -1))
        own, other = weights.transpose(1, 2).chunk(2, -1)  # B H N C C
        whole = torch.einsum("bhncd,bhmn->bhncmd", other, P)
        each = torch.arange(own.size(2), device=q.device)
        whole[:, :, each, :, each] += own.movedim(2, 0)
        whole = whole.flatten(4).flatten(2, 3)[:, :, : q.size(2), : q.size(2)]
        return taken(taken(whole, place).transpose(-1, -2), place).transpose(-1, -2)

    def sort(
        self, q: Tensor, k: Tensor, v: Tensor, scope: Scope
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor, Scope], Tensor]:
        """The place of each slot (B T); queries (BN H C K), keys and values (BN H 2C K) of blocks;
        and how they were sorted (B H N N).
        """
        C, T = self.config.block, q.size(2)
        if self.config.length < T:
            raise UserError(
                f"sinkhorn: a row of {T} is longer than length, {self.config.length}; raise it"
            )
        order, place, length = ordered(scope)
        ok = torch.arange(T, device=q.device) < length[:, None]  # B T
        q, k, v = (cut(taken(x, order) * ok[:, None, :, None], C, 2) for x in (q, k, v))
        okay = cut(ok, C, 1, fill=False)  # B N C
        full = okay.any(-1)  # B N
        mean = k.sum(3) / okay.sum(-1).clamp_min(1)[:, None, :, None]
        P = self.matrix(mean, full)
        k, v = (torch.cat([x, torch.einsum("bhmn,bhmck->bhnck", P, x)], 3) for x in (k, v))
        other = okay.any(1, keepdim=True).expand(okay.shape)
        seen = into_rows(torch.cat([okay, other], 2), 1)  # BN 2C
        pos = seen.new_zeros(seen.shape, dtype=torch.long)  # no kind of position has a say here
        inside = folded(scope, pos[:, :C], pos, seen, okay.size(1))
        q, k, v = (into_rows(x, 2) for x in (q, k, v))
        return place, (q, k, v, inside), P

    def matrix(self, mean: Tensor, full: Tensor) -> Tensor:
        """B H N N: how much of block m comes to place n, among those that are not empty (B N)."""
        P = self.net(mean)[..., : mean.size(2)] / self.config.temperature
        empty = ~(full[:, :, None] & full[:, None, :])[:, None]
        low = torch.finfo(P.dtype).min / 4
        for _ in range(self.config.rounds):
            for dim in (-2, -1):
                P = P.masked_fill(empty, low)
                P = P - P.logsumexp(dim, keepdim=True)
        return P.exp().masked_fill(empty, 0.0)


def taken(x: Tensor, index: Tensor) -> Tensor:
    """Entries of x (B H T ...) at index (B T)."""
    return x.gather(2, index[:, None, :, None].expand(-1, x.size(1), -1, x.size(-1)))
