"""Talking-heads attention: heads mix their scores before the softmax and their weights after it.

Branch: Attention / Heads: behaviour
Paper: Talking-heads attention, Shazeer et al. 2020, https://arxiv.org/abs/2003.02436
Formula: A = softmax over keys of sum_g q_g k_g^T L_gh / sqrt(K); y_h = sum_g A_g R_gh v_h
Cost: time O(T S (D + H H)), memory O(T S)
Causal: yes
Scores: yes
Limit: with identities for L and R, as they start, it is dense attention

Scores, weights and values have the same number of heads here; positions and rules act on the
mixed scores.
"""

import torch
from torch import Tensor, nn

from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax


class Config(CoreConfig):
    """Nothing more to set."""

    def core(self, width: int) -> "TalkingHeads":
        """The mechanism."""
        return TalkingHeads(self.heads)


class TalkingHeads(Softmax):
    """Two maps from heads to heads, the same for every pair of positions."""

    def __init__(self, heads: int):
        super().__init__()
        self.before = nn.Parameter(torch.eye(heads))  # L: H H
        self.after = nn.Parameter(torch.eye(heads))  # R: H H

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """Scaled products, mixed."""
        return mixed(super().score(q, k), self.before)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The plain form: no kernel mixes heads inside."""
        return Core.attend(self, q, k, v, scope)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Mixed after the softmax: rows sum to whatever the mixing makes of 1."""
        return mixed(super().weights(q, k, scope), self.after)


def mixed(x: Tensor, by: Tensor) -> Tensor:
    """Heads of x (B H T S) as sums of heads, `by` (H H) from and to."""
    return torch.einsum("bgts,gh->bhts", x, by)
