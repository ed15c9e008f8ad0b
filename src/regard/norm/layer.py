"""Layer normalisation: zero mean and unit variance at every position, then gain and bias.

Branch: LayerNorm / Placement
Paper: Layer Normalization, Ba et al. 2016, section 3, https://arxiv.org/abs/1607.06450
Formula: g (x - mean) / sqrt(var + eps) + b
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: it does not notice how large a vector is, nor what is added to all its features
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.norm.base import Norm, NormConfig


class Config(NormConfig):
    """`eps` keeps a constant row finite."""

    eps: float = 1e-5

    def build(self, dim: int) -> "LayerNorm":
        """With gain and bias."""
        return LayerNorm(dim, self.eps)


class LayerNorm(Norm):
    """Zero mean, unit variance per position, then gain and bias."""

    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.eps = eps
        self.gain, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor, ok: Tensor | None = None) -> Tensor:
        """Position by position: padding does not matter."""
        return F.layer_norm(x, self.gain.shape, self.gain, self.bias, self.eps)
