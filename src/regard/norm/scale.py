"""ScaleNorm: vectors of one learned length, the same for all features (scaled l2 normalisation).

Branch: LayerNorm / Substitutes
Paper: Transformers without Tears, Nguyen & Salazar 2019, https://arxiv.org/abs/1910.05895
Formula: g x / ||x||, g one number that starts at sqrt(D)
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: with g = sqrt(D) it is root mean square normalisation
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.norm.base import Norm, NormConfig


class Config(NormConfig):
    """`eps`: the least length to divide by, which keeps a zero row finite."""

    eps: float = 1e-5

    def build(self, dim: int) -> "ScaleNorm":
        """With one gain."""
        return ScaleNorm(dim, self.eps)


class ScaleNorm(Norm):
    """Every position on a sphere, whose radius is learned."""

    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.eps, self.gain = eps, nn.Parameter(torch.tensor(dim**0.5))

    def forward(self, x: Tensor, ok: Tensor | None = None) -> Tensor:
        """Position by position: padding does not matter."""
        return self.gain * F.normalize(x, dim=-1, eps=self.eps)
