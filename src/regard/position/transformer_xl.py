"""Transformer-XL's positions: content and distance are scored apart, each with a bias of its own.

Branch: Position / Relative
Paper: Transformer-XL, Dai et al. 2019, section 3.3, https://arxiv.org/abs/1901.02860
Formula: score = ((q_i + u) . k_j + (q_i + v) . W r(i - j)) / sqrt(K), r sines and cosines
Cost: time O(T (T + S) D), memory O(T (T + S) H)
Causal: yes
Scores: yes
Limit: with u, v and W of zeros it is plain attention; only distances count

The distances that occur are projected once in each layer, then gathered.
"""

import torch
from torch import Tensor, nn

from regard.position.base import Position, PositionConfig


class Config(PositionConfig):
    """`base` sets the longest wave of r."""

    base: float = 10000.0

    def build(self, dim: int, heads: int) -> "TransformerXL":
        """One set of u, v and W a layer."""
        return TransformerXL(dim, heads, self.base)


class TransformerXL(Position):
    """r(distance) are sinusoids; the distances that occur are projected once a trip."""

    scores, per_layer = True, True
    frequency: Tensor

    def __init__(self, dim: int, heads: int, base: float):
        super().__init__()
        self.heads = heads
        half = torch.arange(0, dim, 2, dtype=torch.float64) / dim
        self.register_buffer("frequency", base**-half, persistent=False)
        self.u = nn.Parameter(torch.zeros(heads, 1, dim // heads))
        self.v = nn.Parameter(torch.zeros(heads, 1, dim // heads))
        self.project = nn.Linear(dim, dim, bias=False)

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """All terms but q . k, scaled as the scores are."""
        d = q_pos[:, :, None] - k_pos[:, None, :]  # B T S
        low, high = int(d.min()), int(d.max())
        angle = torch.arange(low, high + 1, device=d.device)[:, None] * self.frequency
        waves = torch.cat([angle.sin(), angle.cos()], -1).to(q.dtype)  # distances D
        r = self.project(waves).unflatten(-1, (self.heads, -1)).permute(1, 2, 0)  # H K distances
        by_distance = (q + self.v) @ r  # B H T distances
        index = (d - low)[:, None].expand(-1, self.heads, -1, -1)
        groups = self.heads // k.size(1)
        content = self.u @ k.repeat_interleave(groups, 1).transpose(-1, -2)  # B H 1 S
        return (by_distance.gather(-1, index) + content) * q.size(-1) ** -0.5
