"""A map of who looks where, made of factors: few parameters, whether one map or one a token.

Branch: Attention / Prior only
Paper: Synthesizer (factorised), Tay et al. 2020, section 3, https://arxiv.org/abs/2005.00743
Formula: softmax of C_ij times v_j; `random`: C = R1 R2^T, factors of `rank` columns;
  `dense`: C_ij = A(x_i)_(j mod a) B(x_i)_(j div a), a the root of the length, A and B as the dense
  kind's F
Cost: time O(T S D), memory O(T S); parameters 2 length rank a head, or 2 sqrt(length) D
Causal: yes
Scores: yes
Limit: factors of full rank are any map R of synthesizer_random

In the dense form the first layer of A and B is the outer projection of the query. Rows end at
`length`. A memory is refused.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._prior import Synthesizer, positive
from regard.attention.base import CoreConfig


class Config(CoreConfig):
    """`of`: one map for every text (random) or one from each token (dense); `rank` of the random
    map's factors; `length`: the number of positions.
    """

    of: Literal["random", "dense"] = "random"
    rank: int = 8
    length: int = 512

    def core(self, width: int) -> Synthesizer:
        """The mechanism."""
        positive("synthesizer_factorised", rank=self.rank, length=self.length)
        if self.of == "dense":
            return SynthesizerFactorisedDense(self.heads, width, self.length)
        return SynthesizerFactorised(self.heads, self.rank, self.length)


class SynthesizerFactorised(Synthesizer):
    """The same map for every text."""

    def __init__(self, heads: int, rank: int, length: int):
        super().__init__(length)
        self.left = nn.Parameter(0.3 * torch.randn(heads, length, rank))
        self.right = nn.Parameter(0.3 * torch.randn(heads, length, rank))

    def synthesize(self, q: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Products of the rows of both factors."""
        left, right = self.left[:, q_pos], self.right[:, k_pos]  # H B T rank, H B S rank
        return (left @ right.transpose(-1, -2)).transpose(0, 1)


class SynthesizerFactorisedDense(Synthesizer):
    """Two short vectors a token: the outer product of them is its scores."""

    uses = "qvo"

    def __init__(self, heads: int, width: int, length: int):
        super().__init__(length)
        self.side, near = math.isqrt(length - 1) + 1, width**-0.5
        self.second = nn.Parameter(torch.empty(2, heads, width, self.side).uniform_(-near, near))
        self.shift = nn.Parameter(torch.ones(2, heads, 1, self.side))

    def synthesize(self, q: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Where a key stands in its stretch of `side` positions, times which stretch it is in."""
        q = F.relu(q)
        steps, stretches = (q @ w + b for w, b in zip(self.second, self.shift, strict=True))
        place = k_pos[:, None, None].expand(*q.shape[:3], -1)  # B H T S
        return steps.gather(-1, place % self.side) * stretches.gather(-1, place // self.side)
