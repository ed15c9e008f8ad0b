"""Routing by agreement: capsules gather what the heads found, and votes that agree count more.

Branch: Attention / Heads: refined aggregation
Paper: Information aggregation with routing-by-agreement, Li et al. 2019, section 3,
  https://arxiv.org/abs/1904.03100
Formula: votes V_hn = f_h([y_1 .. y_H]) W_hn; from b = 0, in each round c_hn = softmax of b over n,
  o_n = sum_h c_hn V_hn / sum_h c_hn, b_hn += o_n V_hn; the result is o_1 .. o_N side by side
Cost: time O(T S D + rounds T D H), memory O(T S + T D H)
Causal: yes
Scores: yes
Limit: one round, or one capsule, is the mean of the votes; votes that are all the same are kept

y_h is what head h found by dense attention, f_h a layer with tanh. The routing takes the place of
the output projection. This is the paper's simple routing; its EM routing is left out.
"""

import torch
from torch import Tensor, nn

from regard.attention.base import CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError


class Config(CoreConfig):
    """`capsules` that gather, `rounds` of routing; `dropout` drops weights."""

    capsules: int = 8
    rounds: int = 3
    dropout: Rate = 0.0

    def core(self, width: int) -> "DynamicRouting":
        """The mechanism."""
        dim = self.heads * width
        if self.rounds < 1 or self.capsules < 1 or dim % self.capsules:
            raise UserError(
                f"dynamic_routing: 1 round or more, and capsules that divide the width {dim}, "
                f"not {self.capsules}"
            )
        return DynamicRouting(self.heads, width, self.capsules, self.rounds, self.dropout)


class DynamicRouting(Softmax):
    """Dense attention, then votes of H heads for N capsules at every position by itself."""

    uses = "qkv"

    def __init__(self, heads: int, width: int, capsules: int, rounds: int, dropout: float = 0.0):
        super().__init__(dropout)
        dim = heads * width
        self.rounds = rounds
        self.parts = nn.Linear(dim, dim)  # all f_h side by side
        votes = torch.randn(heads, width, capsules, dim // capsules) * width**-0.5
        self.votes = nn.Parameter(votes)  # H K N D/N

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K: the capsules' vectors, cut into heads again."""
        y = super().attend(q, k, v, scope)
        shape = y.transpose(1, 2).shape  # B T H K
        parts = torch.tanh(self.parts(y.transpose(1, 2).flatten(2))).view(shape)
        votes = torch.einsum("bthk,hknw->bthnw", parts, self.votes)
        return route(votes, self.rounds).reshape(shape).transpose(1, 2)


def route(votes: Tensor, rounds: int) -> Tensor:
    """The capsules' vectors (B T N W) after so many rounds over votes (B T H N W)."""
    agreed = torch.zeros_like(votes[..., 0])  # B T H N
    found = votes.mean(2)  # the first round: all shares are equal
    for _ in range(rounds - 1):
        agreed = agreed + (votes * found[:, :, None]).sum(-1)
        share = agreed.softmax(-1)
        share = share / share.sum(2, keepdim=True)
        found = (share[..., None] * votes).sum(2)
    return found
