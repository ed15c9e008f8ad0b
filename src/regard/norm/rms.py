"""Root mean square normalisation (Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467)."""

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
