"""Music Transformer: a vector for each head and distance, scored for all pairs by skewing.

Branch: Position / Relative
Paper: Music Transformer, Huang et al. 2018, section 3.4, https://arxiv.org/abs/1809.04281
Formula: score += q_i . e_h(j - i) / sqrt(K)
Cost: time O(T (T + S) D), memory O((T + S) K) a head for the vectors, O(T (T + S)) for their scores
Causal: yes
Scores: yes
Limit: one table for all heads is the key part of Shaw et al.

The paper reads one way; here there are vectors for both. Rows with holes, or that stand at
different positions, have no rows to skew: there each score is gathered, as `shaw` does it.
"""

import torch
from torch import Tensor, nn

from regard.position.base import Position, PositionConfig
from regard.recipe import UserError


class Config(PositionConfig):
    """`clip`: farther than this, all distances look alike."""

    clip: int = 128

    def build(self, dim: int, heads: int) -> "Music":
        """Tables for heads of width dim / heads."""
        if self.clip < 1:
            raise UserError("music: a clip of 0 tells no distances apart; give 1 or more")
        return Music(heads, dim // heads, self.clip)


class Music(Position):
    """Queries times vectors is a matrix: row t, moved left by T - 1 - t, is that of the scores."""

    scores, per_layer = True, True

    def __init__(self, heads: int, width: int, clip: int):
        super().__init__()
        self.clip = clip
        self.table = nn.Parameter(torch.randn(heads, 2 * clip + 1, width))  # H 2C+1 K

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Skewed where slots are positions, else gathered."""
        q = q * q.size(-1) ** -0.5
        if in_step(q_pos) and in_step(k_pos):
            return self.skewed(q, k.size(2), k_pos[0, 0] - q_pos[0, 0])
        index = self.place(k_pos[:, None, :] - q_pos[:, :, None])[:, None]  # B 1 T S
        scores = q @ self.table.transpose(-1, -2)  # B H T 2C+1
        return scores.gather(-1, index.expand(*scores.shape[:3], -1))

    def skewed(self, q: Tensor, size: int, first: Tensor) -> Tensor:
        """B H T S; `first` is how far the first key stands behind the first query."""
        T, wide = q.size(2), q.size(2) + size
        far = first + torch.arange(1 - T, size + 1, device=q.device)  # T + S, the last unused
        scores = q @ self.table[:, self.place(far)].transpose(-1, -2)  # B H T T+S
        flat = scores.flatten(2)[..., T - 1 : T - 1 + T * (wide - 1)]
        return flat.unflatten(-1, (T, wide - 1))[..., :size]

    def place(self, far: Tensor) -> Tensor:
        """Where in the table a distance stands."""
        return far.clamp(-self.clip, self.clip) + self.clip


def in_step(pos: Tensor) -> bool:
    """Do positions (B T) count up by one from the same start in every row?"""
    if not pos.numel() or torch.jit.is_tracing():  # a graph is for any positions
        return False
    return bool((pos == pos[0, 0] + torch.arange(pos.size(1), device=pos.device)).all())
