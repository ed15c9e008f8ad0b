"""Additive attention: a small network says how well a key answers a query.

Branch: Beside the survey / Recurrent translation
Paper: RNNsearch, Bahdanau et al. 2015, section A.1.2, https://arxiv.org/abs/1409.0473
Formula: softmax of a . tanh(W q_i + U k_j) times v_j; W and U are the outer projections
Cost: time O(T S D), memory O(T S D): the tanh is kept for each pair
Causal: yes
Scores: yes
Limit: a of 0 takes the mean of all values

Luong et al. 2015 call the same form `concat`.
"""

import torch
from torch import Tensor, nn

from regard.attention.base import Core, CoreConfig, per_head


class Config(CoreConfig):
    """One head, as in the paper."""

    heads: int = 1

    def core(self, width: int) -> "Additive":
        """The mechanism."""
        return Additive(width)


class Additive(Core):
    """W and U are the outer projections of query and key; the values are the memory itself."""

    uses = "qk"

    def __init__(self, width: int):
        super().__init__()
        self.v = nn.Parameter(torch.empty(width).uniform_(-(width**-0.5), width**-0.5))

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """v . tanh(q + k) for every pair."""
        k = per_head(k, q.size(1))
        return torch.tanh(q[:, :, :, None] + k[:, :, None]) @ self.v
