"""Heads that see no farther than spans of their own, by blocks: no T S matrix is made.

`B` rows, `T` queries, `S` keys, `H` heads, `K` head width.
"""

import torch
from torch import Tensor

from regard.attention._blocks import fold, square, unfold
from regard.attention.base import Core
from regard.attention.scope import Causal, Scope, masked_softmax
from regard.attention.softmax import Softmax


class Spans(Softmax):
    """A kind says what share of a key a head takes by its distance, and how far it reaches."""

    cross = False

    def share(self, far: Tensor) -> Tensor:
        """What each head takes of keys at distances `far` (B 1 T S), 0 to 1: B H T S."""
        raise NotImplementedError

    def reach(self) -> int:
        """The distance from which on every share is 0."""
        raise NotImplementedError

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """By blocks where slots are positions; else (a few new tokens, holes) by the shares."""
        reach = self.reach()
        if not square(q, k, scope) or q.size(2) <= 2 * reach:
            return Core.attend(self, q, k, v, scope)
        after = 0 if Causal() in scope.rules else 1
        blocks = fold(q, k, v, scope, reach, before=1, after=after)
        return unfold(Core.attend(self, *blocks), len(q), q.size(2))

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """share exp(score), made to sum to 1."""
        far = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :]).abs()[:, None]
        share = self.share(far).to(q.dtype)
        scores, bias = self.score(q, k), scope.bias(q, k)
        scores = scores if bias is None else scores + bias
        number, hidden = torch.finfo(scores.dtype), share <= 0
        scores = scores + share.clamp_min(number.tiny).log()
        weights = masked_softmax(scores.masked_fill(hidden, number.min), scope)
        return weights.masked_fill(hidden, 0.0)
