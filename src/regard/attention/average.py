"""The mean of all tokens so far instead of attention; a gate mixes it with the token itself.

Branch: Attention / Prior only
Paper: Average Attention Network, Zhang et al. 2018, section 3, https://arxiv.org/abs/1805.00631
Formula: g_j = FFN(mean of x_1 .. x_j); (i_j, f_j) = sigmoid(W [x_j, g_j]);
  y_j = i_j x_j + f_j g_j, products by element
Cost: time O(T D^2), memory O(T D); the state is a sum of width D, whatever the length
Causal: yes
Scores: no
Limit: the gate open to the mean alone and no feed-forward: attention with equal scores

Without the order of time (an encoder, a memory) it is the mean of all keys.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Causal, Rule, Scope
from regard.recipe import UserError
from regard.state import Held


class Config(CoreConfig):
    """`expand`: the feed-forward on the mean is so many times as wide as it; 0 leaves it out.

    One head, as in the paper.
    """

    heads: int = 1
    expand: int = 4

    def core(self, width: int) -> "Average":
        """The mechanism."""
        if self.expand < 0:
            raise UserError(
                f"average: a feed-forward cannot be {self.expand} times as wide; give 1 or more, "
                "or 0 for none"
            )
        return Average(width, self.expand)


@dataclass
class Total(Held):
    """The sum of all real tokens (B H 1 K), and how many they were (B 1 1 1)."""

    total: Tensor
    count: Tensor


class Average(Core):
    """Nothing is projected: tokens are averaged as they come."""

    uses = ""
    scores = False
    keeps_keys = False

    def __init__(self, width: int, expand: int):
        super().__init__()
        wide, self.ff = expand * width, nn.Sequential()
        if expand:
            self.ff = nn.Sequential(nn.Linear(width, wide), nn.ReLU(), nn.Linear(wide, width))
        self.gate = nn.Linear(2 * width, 2 * width)

    def honours(self, rule: Rule) -> bool:
        """Only the order of time can be kept in a running sum."""
        return isinstance(rule, Causal)

    def start(self, k: Tensor, v: Tensor, capacity: int | None) -> Total:
        """The sum of nothing."""
        B, H, _, K = v.shape
        return Total(v.new_zeros(B, H, 1, K), v.new_zeros(B, 1, 1, 1))

    def forward(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope, state: Any) -> tuple:
        """Causal if the rules say so, after what the state has summed up; else over all keys."""
        ok = scope.trip.ok if state is not None and scope.trip else scope.k_ok
        real = v.new_ones(v.size(0), 1, v.size(2), 1)  # B 1 S 1
        if ok is not None:
            real = ok[:, None, :, None].to(v.dtype)
            v = v.masked_fill(~ok[:, None, :, None], 0.0)
        if Causal() in scope.rules:
            past = state or self.start(k, v, None)
            total, count = past.total + v.cumsum(2), past.count + real.cumsum(2)
            if state is not None:
                state = Total(past.total + v.sum(2, True), past.count + real.sum(2, True))
        else:
            total, count = v.sum(2, True), real.sum(2, True)
        mean = self.ff(total / count.clamp_min(1)).expand_as(q)
        own, far = self.gate(torch.cat([q, mean], -1)).sigmoid().chunk(2, -1)
        return own * q + far * mean, state
