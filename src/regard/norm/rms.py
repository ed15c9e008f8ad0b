"""Root mean square normalisation: unit mean square at every position, then a gain; the mean stays.

Branch: LayerNorm / Substitutes
Paper: RMSNorm, Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467
Formula: g x / sqrt(mean of x^2 + eps)
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: where features have zero mean it is layer normalisation
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.norm.base import Norm, NormConfig


class Config(NormConfig):
    """`eps` keeps a zero row finite."""

    eps: float = 1e-6

    def build(self, dim: int) -> "RMSNorm":
        """With a gain."""
        return RMSNorm(dim, self.eps)


class RMSNorm(Norm):
    """Unit mean square per position, then a gain; the mean stays."""

    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.eps, self.gain = eps, nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor, ok: Tensor | None = None) -> Tensor:
        """Position by position: padding does not matter."""
        return F.rms_norm(x, self.gain.shape, self.gain, self.eps)
