"""AdaNorm: layer normalisation whose gain depends on the vector itself, with nothing to learn.

Branch: LayerNorm / Substitutes
Paper: AdaNorm, Xu et al. 2019, section 4, https://arxiv.org/abs/1911.07013
Formula: C (1 - k y) y, y = (x - mean) / sqrt(var + eps); no gradient goes through C (1 - k y)
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: with k = 0 it is layer normalisation without gain and bias
"""

import torch.nn.functional as F
from torch import Tensor

from regard.norm.base import Norm, NormConfig


class Config(NormConfig):
    """`scale` is the paper's C, `slope` its k; `eps` keeps a constant row finite."""

    scale: float = 1.0
    slope: float = 0.1
    eps: float = 1e-5

    def build(self, dim: int) -> "AdaNorm":
        """Whatever the width."""
        return AdaNorm(self.scale, self.slope, self.eps)


class AdaNorm(Norm):
    """What stands out in a vector is made a little smaller."""

    def __init__(self, scale: float, slope: float, eps: float):
        super().__init__()
        self.scale, self.slope, self.eps = scale, slope, eps

    def forward(self, x: Tensor, ok: Tensor | None = None) -> Tensor:
        """Position by position: padding does not matter."""
        y = F.layer_norm(x, x.shape[-1:], eps=self.eps)
        return self.scale * (1 - self.slope * y.detach()) * y
