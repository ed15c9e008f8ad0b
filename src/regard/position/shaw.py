"""Relative positions in keys and values: a vector for each distance, up to a longest one.

Branch: Position / Relative
Paper: Self-Attention with Relative Position Representations, Shaw et al. 2018, section 3.2,
  https://arxiv.org/abs/1803.02155
Formula: score += q_i . a_K(j - i) / sqrt(K); result += sum of weights a_V(j - i)
Cost: time O(T clip D + T S H), memory O(T S H): no tensor of T S K
Causal: yes
Scores: yes
Limit: tables of zeros leave plain attention; beyond clip all distances are one
"""

from torch import Tensor, nn

from regard.position.base import Position, PositionConfig


class Config(PositionConfig):
    """`clip`: farther than this, all distances look alike."""

    clip: int = 16

    def build(self, dim: int, heads: int) -> "Shaw":
        """Tables for heads of width dim / heads."""
        return Shaw(dim // heads, self.clip)


class Shaw(Position):
    """All heads of a layer share its two tables."""

    scores, weighs, per_layer = True, True, True

    def __init__(self, width: int, clip: int):
        super().__init__()
        self.clip = clip
        self.keys = nn.Embedding(2 * clip + 1, width)
        self.results = nn.Embedding(2 * clip + 1, width)

    def distance(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Which vector stands for k seen from q: B T S."""
        return (k_pos[:, None, :] - q_pos[:, :, None]).clamp(-self.clip, self.clip) + self.clip

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Every query against all 2 clip + 1 vectors, then the one for each key is taken."""
        all_ = q @ self.keys.weight.T * q.size(-1) ** -0.5  # B H T 2C+1
        index = self.distance(q_pos, k_pos)[:, None].expand(*all_.shape[:3], -1)
        return all_.gather(-1, index)  # B H T S

    def values(self, weights: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Weights gathered by distance, then times the vectors."""
        B, H, T, _ = weights.shape
        index = self.distance(q_pos, k_pos)[:, None].expand_as(weights)
        sums = weights.new_zeros(B, H, T, 2 * self.clip + 1).scatter_add(-1, index, weights)
        return sums @ self.results.weight  # B H T K
