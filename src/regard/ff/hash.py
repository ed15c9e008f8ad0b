"""Hash layers: which expert a token goes to is written in a fixed table of token ids.

Branch: FFN / Larger capacity
Paper: Hash Layers, Roller et al. 2021, section 3, https://arxiv.org/abs/2106.04426
Formula: FFN_h(t)(x) for token id t, where h is drawn once
Cost: time O(T D F), memory O(T F + E D F) for E experts of hidden width F
Causal: yes
Scores: no
Limit: each token meets the plain feed-forward that the table names for it

The random hash, with as many ids for each expert. No router, so nothing to balance.
"""

import torch
from torch import Tensor

from regard.ff._experts import ExpertsConfig
from regard.ff.base import FeedForward
from regard.pass_ import Pass
from regard.recipe import UserError

SEED = 2106_04426  # the table is drawn from it, so that a run hashes the same everywhere


class Config(ExpertsConfig):
    """`experts`: how many; `buckets`: length of the table, larger ids start again at its front;
    `dropout` acts on their hidden layers.
    """

    buckets: int = 65_536

    def build(self, dim: int) -> "Hash":
        """Table and experts. Raises UserError if some expert would never be asked."""
        if self.buckets < self.experts:
            raise UserError(
                f"hash: {self.buckets} buckets leave some of {self.experts} experts idle; give more"
            )
        return Hash(dim, self)


class Hash(FeedForward):
    """Needs the token ids that the Pass carries."""

    table: Tensor

    def __init__(self, dim: int, config: Config):
        super().__init__()
        self.experts = config.bank(dim)
        draw = torch.Generator().manual_seed(SEED)
        table = torch.randperm(config.buckets, generator=draw) % config.experts
        self.register_buffer("table", table, persistent=False)

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D. Raises UserError where positions are not tokens."""
        tokens = pass_.tokens
        if tokens is None or tokens.shape != x.shape[:2]:
            raise UserError("hash: experts go by token ids, and there are none here; use switch")
        who = self.table[tokens % len(self.table)][..., None]  # B T 1
        return self.experts(x, x.new_ones(who.shape), who)
