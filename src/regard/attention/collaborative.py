"""Collaborative attention: all heads ask with the same query and keys, each weighing dimensions.

Branch: Attention / Heads: behaviour
Paper: Collaborative multi-head attention, Cordonnier et al. 2020,
  https://arxiv.org/abs/2006.16362
Formula: softmax of q diag(m_h) k^T / sqrt(K), times v_h; q and k are all heads side by side
Cost: time O(T S D H), memory O(T S + T D H)
Causal: yes
Scores: yes
Limit: with ones in m_h for the dimensions of head h and zeros else, as it starts, it is dense
  attention

The shared dimensions are as many as the stream has; the paper also tries fewer.
"""

import torch
from torch import Tensor, nn

from regard.attention._turns import refuse_turns
from regard.attention.base import Attention, Core, CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.position.base import Position


class Config(CoreConfig):
    """Nothing more to set."""

    def core(self, width: int) -> "Collaborative":
        """The mechanism."""
        return Collaborative(self.heads, width)

    def build(
        self, dim: int, position: Position | None = None, memory: int | None = None
    ) -> Attention:
        """Attention whose queries and keys are not turned: heads mix what turns apart."""
        refuse_turns("collaborative", "weighs dimensions of queries and keys", position)
        return super().build(dim, position, memory)


class Collaborative(Softmax):
    """A mixing vector a head."""

    def __init__(self, heads: int, width: int):
        super().__init__()
        self.mixing = nn.Parameter(torch.eye(heads).repeat_interleave(width, 1))  # H D

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """Products over all dimensions, weighed by head."""
        asked = side_by_side(q) * self.mixing[:, None]  # B H T D
        return asked @ side_by_side(k).transpose(-1, -2) * q.size(-1) ** -0.5

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The plain form: positions see queries of K dimensions, scores all D of them."""
        return Core.attend(self, q, k, v, scope)


def side_by_side(x: Tensor) -> Tensor:
    """B H T K -> B 1 T D."""
    return x.transpose(1, 2).flatten(2)[:, None]
