"""TUPE: positions are scored against positions, untied from words, and the first symbol from all.

Branch: Position / Other
Paper: TUPE, Ke et al. 2020, section 3, https://arxiv.org/abs/2006.15595
Formula: score = q_i . k_j / sqrt(2 K) + (U p_i) . (W p_j) / sqrt(2 K) [+ b(i - j)], but what
  stands after the first sum is one number a head from the first symbol, another to it
Cost: time O(T S D + (T + S) D^2), memory O(T S H)
Causal: yes
Scores: yes
Limit: with vectors and numbers of zeros it is softmax of q . k / sqrt(2 K)

U, W and p are shared by all layers, as in the paper; each layer works their scores out anew.
"""

import torch
from torch import Tensor, nn

from regard.position.base import Position, PositionConfig
from regard.position.learned import Learned
from regard.position.t5 import T5


class Config(PositionConfig):
    """`length`: how many positions have vectors; `relative`: with T5's numbers besides, of
    `buckets` up to `far` (TUPE-R, else TUPE-A); `untied`: the first symbol has no place.
    """

    length: int = 512
    relative: bool = False
    untied: bool = True
    buckets: int = 32
    far: int = 128

    def build(self, dim: int, heads: int) -> "Tupe":
        """One for the whole stack."""
        distance = T5(heads, self.buckets, self.far) if self.relative else None
        return Tupe(dim, heads, Learned(dim, self.length), distance, self.untied)


class Tupe(Position):
    """Words and positions have projections of their own."""

    scores = True

    def __init__(self, dim: int, heads: int, place: Learned, distance: T5 | None, untied: bool):
        super().__init__()
        self.heads, self.place, self.distance = heads, place, distance
        self.q, self.k = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        # from the first symbol to any, and from any other to it
        self.first = nn.Parameter(torch.zeros(2, heads, 1, 1)) if untied else None

    def turn(self, x: Tensor, pos: Tensor) -> Tensor:
        """Scores have two terms: their scale is sqrt(2 K) in all."""
        return x * 2**-0.25

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """What positions say to each other."""
        asks, answers = self.split(self.q, q_pos), self.split(self.k, k_pos)
        scores = asks @ answers.transpose(-1, -2) * (2 * q.size(-1)) ** -0.5  # B H T S
        if self.distance is not None:
            scores = scores + self.distance.bias(q, k, q_pos, k_pos)
        if self.first is None:
            return scores
        scores = torch.where(k_pos[:, None, None, :] == 0, self.first[1], scores)
        return torch.where(q_pos[:, None, :, None] == 0, self.first[0], scores)

    def split(self, project: nn.Linear, pos: Tensor) -> Tensor:
        """B H T K: the vectors of positions (B T), projected."""
        return project(self.place.at(pos)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
