"""Dense attention that leans to what is near: a learned Gaussian of the distance joins the scores.

Branch: Attention / Prior: locality
Paper: Gaussian Transformer, Guo et al. 2019, https://ojs.aaai.org/index.php/AAAI/article/view/4614
Formula: softmax of q_i k_j^T / sqrt(K) - |w (i - j)^2 + b|, times v_j; w > 0 and b < 0 learned
Cost: time O(T S D), memory O(T S)
Causal: yes
Scores: yes
Limit: w near 0 is dense attention

w says how fast the weight falls, b takes some off the token itself. Each head learns its own two. A
memory is refused: distances to it mean nothing.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._prior import Prior
from regard.attention.base import CoreConfig
from regard.attention.scope import Scope


class Config(CoreConfig):
    """Nothing more to set."""

    def core(self, width: int) -> "Gaussian":
        """The mechanism."""
        return Gaussian(self.heads)


class Gaussian(Prior):
    """softplus keeps w above and b below 0; at first a weight halves about three tokens away."""

    def __init__(self, heads: int):
        super().__init__()
        self.w = nn.Parameter(torch.full((heads, 1, 1), -2.5))
        self.b = nn.Parameter(torch.full((heads, 1, 1), -2.5))

    def prior(self, q: Tensor, scope: Scope) -> Tensor:
        """B H T S, the logarithm of the Gaussian."""
        far = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :])[:, None]  # B 1 T S
        return -(F.softplus(self.w) * far.to(q.dtype).square() - F.softplus(self.b)).abs()
