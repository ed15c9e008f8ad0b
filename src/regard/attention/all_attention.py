"""All-attention: learned keys and values that every query sees beside those of its row.

Branch: FFN / Dropping
Paper: Augmenting Self-Attention with Persistent Memory, Sukhbaatar et al. 2019,
  https://arxiv.org/abs/1907.01470
Formula: softmax of q [k; sqrt(K) a]^T / sqrt(K) times [v; sqrt(M) b], for the M learned pairs
  (a, b) of each head
Cost: time O(T S D + T M D), memory O(T S + T M)
Causal: yes
Scores: yes
Limit: with no persistent vectors it is dense attention

In the paper they stand in for the feed-forward: `ff: none` beside it. Positions act on the row's
own scores alone (rotary turns queries before they come here, so for it the learned keys are met
turned).
"""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention.base import CoreConfig, per_head
from regard.attention.scope import Scope, masked_softmax
from regard.attention.softmax import Softmax
from regard.recipe import UserError


class Config(CoreConfig):
    """`memory`: how many persistent pairs a head has (four times the width in place of a
    feed-forward of the usual size).
    """

    memory: int = 256

    def core(self, width: int) -> "AllAttention":
        """The mechanism."""
        if self.memory < 0:
            raise UserError("all_attention: a memory holds 0 vectors or more, as many as the width")
        return AllAttention(self.heads, self.memory, width)


class AllAttention(Softmax):
    """One softmax over both kinds of keys."""

    def __init__(self, heads: int, memory: int, width: int):
        super().__init__()
        # kept small and used large, so that an optimiser's steps of one size move them enough
        self.keys = nn.Parameter(torch.randn(heads, memory, width) * width**-0.5)
        self.values = nn.Parameter(torch.randn(heads, memory, width) * max(memory, 1) ** -0.5)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K."""
        weights = self.both(q, k, scope)  # B H T S+M
        S, M = k.size(2), self.keys.size(1)
        own, kept = weights[..., :S], weights[..., S:]
        y = own @ per_head(v, q.size(1)) + kept @ (self.values * M**0.5)
        more = scope.position.values(own, scope.q_pos, scope.k_pos)
        return y if more is None else y + more

    def both(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S+M: weights of the row's keys and of the persistent ones."""
        scores, bias = self.score(q, k), scope.bias(q, k)
        if bias is not None:
            scores = scores + bias
        kept = q @ self.keys.transpose(-1, -2)  # sqrt(K) of the keys against that of the scores
        return masked_softmax(torch.cat([scores, kept], -1), beside(scope, kept.size(-1)))

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S: of the row's keys, for pictures; what is missing to 1 the memory has."""
        return self.both(q, k, scope)[..., : k.size(2)]


def beside(scope: Scope, more: int) -> Scope:
    """The same scope with so many keys behind its own that everybody sees."""
    other, allow = copy.copy(scope), scope.allow()
    other.made = {"allow": None if allow is None else F.pad(allow, (0, more), value=True)}
    return other
