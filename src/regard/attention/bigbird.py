"""BigBird: a query sees its block and the next ones, the leading tokens, and blocks drawn by lot.

Branch: Attention / Sparse, by position
Paper: BigBird, Zaheer et al. 2020, section 2, https://arxiv.org/abs/2007.14062
Formula: softmax of q_i k_j^T / sqrt(K), times v, over j in the blocks beside that of i, in `random`
  blocks drawn for the block of i, or with i < leading or j < leading
Cost: time O(T (random + 3) block D), memory O(T (random + 3) block)
Causal: yes
Scores: yes
Limit: blocks, leading tokens or draws enough for the whole row are dense attention

Global tokens are the first of the row (the paper's ITC). The lots are fixed: a hash of the two
blocks' places ranks all blocks of a row for each, so that neither padding nor the rest of a batch
has a say; in a decoder the lots fall on blocks that came before, so that none changes later.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from regard.attention._blocks import cut, fold
from regard.attention._pattern import Group, Pattern, with_leading
from regard.attention._rows import real
from regard.attention.base import CoreConfig
from regard.attention.scope import Causal, Rule, Scope
from regard.recipe import Rate, UserError

SEED = 2007_14062
BITS = (1 << 31) - 1
NEVER = 1 << 62


class Config(CoreConfig):
    """`block` positions each, `random` blocks besides the neighbours, `leading` tokens that see and
    are seen by all; `dropout` drops weights.
    """

    block: int = 64
    random: int = 3
    leading: int = 4
    dropout: Rate = 0.0

    def core(self, width: int) -> "BigBird":
        """The mechanism."""
        if self.block < 1 or min(self.random, self.leading) < 0:
            raise UserError("bigbird: give a block of 1 or more; random and leading are 0 or more")
        return BigBird(self.block, self.random, self.leading, self.dropout)


@dataclass(frozen=True, eq=False)
class Drawn(Rule):
    """Keys in the blocks beside one's own, in blocks drawn by lot, and leading ones.

    `count` (B) is how many blocks a row has; `past`: the lots fall on blocks before the neighbours.
    """

    core: "BigBird"
    count: Tensor
    past: bool

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Any of the three."""
        n, m = q_pos // self.core.block, k_pos // self.core.block
        see = (n - m).abs() <= 1
        see = see | (q_pos < self.core.leading) | (k_pos < self.core.leading)
        lots, there = self.lots(n[..., 0], int(m.max()) + 1)
        for r in range(lots.size(-1)):
            see = see | ((m == lots[..., r, None]) & there[..., r, None])
        return see

    def lots(self, n: Tensor, blocks: int) -> tuple[Tensor, Tensor]:
        """The blocks drawn for blocks n (B X): B X R, and whether there were so many."""
        m, n = torch.arange(blocks, device=n.device), n[..., None]
        free = (m < n - 1) if self.past else ((m - n).abs() > 1) & (m < self.count[:, None, None])
        free = free & (m >= self.core.leading // self.core.block)
        rank = lot(n, m).masked_fill(~free, NEVER)  # B X blocks
        rank, lots = rank.topk(min(self.core.random, blocks), largest=False)
        return lots, rank < NEVER

    def reorder(self, index: Tensor) -> "Drawn":
        """The lots of those rows."""
        return Drawn(self.core, self.count[index], self.past)


def lot(n: Tensor, m: Tensor) -> Tensor:
    """A number for block m as seen from block n, the same for ever; no two of a row are equal."""
    x = (n * 73_856_093 + m * 19_349_663 + SEED) & BITS
    for odd in (0x2C1B3C6D, 0x297A2D39):
        x = ((x ^ (x >> 15)) * odd) & BITS
    return ((x ^ (x >> 15)) << 20) | m


class BigBird(Pattern):
    """Each block of queries reads the leading keys, three blocks side by side, and its lots."""

    def __init__(self, block: int, random: int, leading: int, dropout: float = 0.0):
        super().__init__(dropout)
        self.block, self.random, self.leading = block, random, leading
        self.least = (3 + random) * block + leading

    def rule(self, scope: Scope) -> Drawn:
        """The pattern for these rows."""
        ends = (scope.k_pos + 1).masked_fill(~real(scope), 0).amax(1)
        return Drawn(self, -(-ends // self.block), Causal() in scope.rules)

    def blocks(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """What a block reads is put together; nothing in it is hidden by the pattern."""
        after = 0 if Causal() in scope.rules else 1
        near = fold(q, k, v, scope, self.block, 1, after)
        N = len(near[0]) // len(q)
        places = torch.arange(N, device=q.device).expand(len(q), N)
        lots, there = self.rule(scope).lots(places, N)
        drawn = taken(k, v, scope, lots, there, self.block)
        return with_leading(self.inner, q, k, v, scope, near, [drawn], self.leading)


def taken(k: Tensor, v: Tensor, scope: Scope, lots: Tensor, there: Tensor, size: int) -> Group:
    """Keys and values (BN G RC K) of the blocks `lots` (B N R), and where they stand."""
    row = torch.arange(len(k), device=k.device)[:, None, None]
    found = [cut(x, size, 2).transpose(1, 2)[row, lots] for x in (k, v)]  # B N R G C K
    keys, values = (x.transpose(2, 3).flatten(3, 4).flatten(0, 1) for x in found)
    pos = cut(scope.k_pos, size, 1)[row, lots]  # B N R C
    ok = cut(real(scope), size, 1, fill=False)[row, lots] & there[..., None]
    return keys, values, pos.flatten(2).flatten(0, 1), ok.flatten(2).flatten(0, 1)
