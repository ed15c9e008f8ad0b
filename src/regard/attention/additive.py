"""Additive attention, v . tanh(W q + U k) (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473,
A.1.2).

Luong et al. 2015 call the same form `concat`. Time and memory O(T S D): the tanh is kept per pair.
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
