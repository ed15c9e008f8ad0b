"""ALiBi: scores fall linearly with distance, faster in one head than in the next.

Branch: Position / Relative
Paper: ALiBi, Press et al. 2022, section 3, https://arxiv.org/abs/2108.12409
Formula: score += -2^(-8 h / H) |i - j| in head h = 1 ... H
Cost: time O(T S H), memory O(T S H)
Causal: yes
Scores: yes
Limit: keys that are scored alike get weights that fall geometrically with distance

The paper writes from left to right only; in an encoder distance counts both ways here.
"""

import torch
from torch import Tensor

from regard.position.base import Position, PositionConfig


class Config(PositionConfig):
    """Nothing to set: the slopes are fixed."""

    def build(self, dim: int, heads: int) -> "Alibi":
        """One slope a head."""
        return Alibi(heads)


class Alibi(Position):
    """Slopes 2^(-8 h / H); in an encoder the distance counts both ways."""

    scores = True
    slope: Tensor

    def __init__(self, heads: int):
        super().__init__()
        slope = 2.0 ** (-8 * torch.arange(1, heads + 1) / heads)
        self.register_buffer("slope", slope, persistent=False)

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Minus slope times distance."""
        far = (q_pos[:, :, None] - k_pos[:, None, :]).abs()  # B T S
        return (-self.slope[:, None, None] * far[:, None]).to(q.dtype)  # B H T S
