"""T5's bias: a learned number for each head and bucket of distances, added to the score.

Branch: Position / Relative
Paper: T5, Raffel et al. 2020, section 2.1, https://arxiv.org/abs/1910.10683
Formula: score += b_h(bucket(i - j)); near distances have buckets of their own, far ones share
Cost: time O(T S H), memory O(T S H)
Causal: yes
Scores: yes
Limit: from far on all distances share one number

The query is scaled by 1 / sqrt(K) here as everywhere in the house; T5 leaves that to its start.
"""

import math

import torch
from torch import Tensor, nn

from regard.position.base import Position, PositionConfig


class Config(PositionConfig):
    """`buckets` each way, the nearer half one distance wide, the others wider up to `far`."""

    buckets: int = 32
    far: int = 128

    def build(self, dim: int, heads: int) -> "T5":
        """One table for the whole stack, as in the paper."""
        return T5(heads, self.buckets, self.far)


class T5(Position):
    """Distances before and after the query have buckets of their own."""

    scores = True

    def __init__(self, heads: int, buckets: int, far: int):
        super().__init__()
        self.buckets, self.far = buckets, far
        self.table = nn.Embedding(2 * buckets, heads)

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """The bucket's number."""
        d = q_pos[:, :, None] - k_pos[:, None, :]  # B T S
        near, n = self.buckets // 2, d.abs()
        grow = (n.clamp_min(1) / near).log() / math.log(self.far / near)
        wide = (near + grow * (self.buckets - near)).long().clamp(max=self.buckets - 1)
        bucket = torch.where(n < near, n, wide) + self.buckets * (d < 0)
        return self.table(bucket).permute(0, 3, 1, 2)  # B H T S
