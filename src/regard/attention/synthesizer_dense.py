"""Each token says by itself where to look: its scores for all places come from one small network.

Branch: Attention / Prior only
Paper: Synthesizer (dense), Tay et al. 2020, section 3, https://arxiv.org/abs/2005.00743
Formula: softmax of the scores F(x_i)_j times v_j, F(x) = relu(x W1 + b1) W2 + b2, a place j each
Cost: time O(T S D), memory O(T S); length D parameters
Causal: yes
Scores: yes
Limit: W2 of 0 is a prior of b2 alone: all queries look at the same places

W1 is the outer projection of the query. A place is a position, so rows end at `length`. A memory is
refused: the paper replaces self-attention.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._prior import Synthesizer, positive
from regard.attention.base import CoreConfig


class Config(CoreConfig):
    """`length`: the number of positions that can be looked at."""

    length: int = 512

    def core(self, width: int) -> "SynthesizerDense":
        """The mechanism."""
        positive("synthesizer_dense", length=self.length)
        return SynthesizerDense(self.heads, width, self.length)


class SynthesizerDense(Synthesizer):
    """Only as many places are worked out as the row has."""

    uses = "qvo"

    def __init__(self, heads: int, width: int, length: int):
        super().__init__(length)
        near = width**-0.5
        self.second = nn.Parameter(torch.empty(heads, width, length).uniform_(-near, near))
        self.shift = nn.Parameter(torch.zeros(heads, 1, length))

    def synthesize(self, q: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """The query's network at the places of the keys."""
        end = int(k_pos.max()) + 1
        every = F.relu(q) @ self.second[..., :end] + self.shift[..., :end]  # B H T end
        return every.gather(-1, k_pos[:, None, None].expand(*every.shape[:3], -1))
