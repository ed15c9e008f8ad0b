"""Linformer: a learned projection along the row leaves a few keys and values of it.

Branch: Attention / Memory compression
Paper: Linformer, Wang et al. 2020, section 4, https://arxiv.org/abs/2006.04768
Formula: softmax(q [E k]^T / sqrt(K)) F v, with E and F of rank times length
Cost: time O(T rank D), memory O(T rank)
Causal: no, since each projected key is a sum over the whole row
Scores: no
Limit: a rank of the whole length, with E and F that change nothing, is dense attention

All heads share E and F (the paper's headwise sharing). Their columns are absolute positions;
padding and places beyond a row count as zeros.
"""

import torch
from torch import Tensor, nn

from regard.attention._rows import real
from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import fused
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`rank` keys are left of a row of at most `length` positions; `dropout` drops weights."""

    rank: int = 64
    length: int = 512
    dropout: Rate = 0.0

    def core(self, width: int) -> "Linformer":
        """The mechanism."""
        if min(self.rank, self.length) < 1:
            raise UserError("linformer: rank and length are numbers of positions, 1 or more")
        return Linformer(self.rank, self.length, self.dropout)


class Linformer(Core):
    """Dense attention over what is left."""

    scores = False
    incremental = False

    def __init__(self, rank: int, length: int, dropout: float = 0.0):
        super().__init__()
        self.dropout, self.length = dropout, length
        self.keys = nn.Parameter(torch.randn(rank, length) * rank**-0.5)
        self.values = nn.Parameter(torch.randn(rank, length) * rank**-0.5)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        ok = real(scope)
        pos = scope.k_pos.masked_fill(~ok, 0)  # B S
        longest = int(pos.max()) + 1
        if longest > self.length:
            raise UserError(
                f"linformer: a row of {longest} positions, and length is {self.length}: raise it"
            )
        k, v = (shortened(w, x, pos, ok) for w, x in ((self.keys, k), (self.values, v)))
        return fused(q, k, v, dropout_p=self.dropout if self.training else 0.0)


def shortened(weight: Tensor, x: Tensor, pos: Tensor, ok: Tensor) -> Tensor:
    """Sums of x (B H S K) weighted by position: B H rank K."""
    columns = weight[:, pos].transpose(0, 1).masked_fill(~ok[:, None], 0.0)  # B rank S
    return columns[:, None] @ x
