"""Low-rank attention: scores of few dimensions far off, of all dimensions in a band nearby.

Branch: Attention / Low rank
Paper: Low-Rank and Locality Constrained Self-Attention for Sequence Modeling, Guo et al. 2019,
  https://doi.org/10.1109/TASLP.2019.2944078
Formula: softmax of (q_i U) (k_j W)^T / sqrt(rank), plus q_i k_j^T / sqrt(K) where |i - j| < reach
Cost: time O(T S D), memory O(T S): a constraint on what is learned, not on what is computed
Causal: yes
Scores: yes
Limit: a rank of K with U and W that change nothing, and no band, is dense attention; without a band
  the scores have the rank that is asked for

The paper's two attentions (low-rank and band) are joined here by adding their scores.
"""

import torch
from torch import Tensor, nn

from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope, masked_softmax
from regard.recipe import UserError


class Config(CoreConfig):
    """`rank` of the far scores; the band holds keys nearer than `reach` (0: there is none)."""

    rank: int = 8
    reach: int = 4

    def core(self, width: int) -> "LowRank":
        """The mechanism."""
        if self.rank < 1 or self.reach < 0:
            raise UserError("low_rank: rank is 1 or more; reach is 0 (no band) or more")
        return LowRank(self.heads, width, self.rank, self.reach)


class LowRank(Core):
    """Each head has its own U and W; between rows there is no band, so it reads no memory."""

    cross = False

    def __init__(self, heads: int, width: int, rank: int, reach: int):
        super().__init__()
        self.reach = reach
        self.ask = nn.Parameter(torch.randn(heads, width, rank) * width**-0.5)
        self.answer = nn.Parameter(torch.randn(heads, width, rank) * width**-0.5)

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """Of low rank."""
        scale = self.ask.size(-1) ** -0.5
        return (q @ self.ask) @ (k @ self.answer).transpose(-1, -2) * scale

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S."""
        scores, bias = self.score(q, k), scope.bias(q, k)
        if self.reach:
            far = (scope.q_pos[:, :, None] - scope.k_pos[:, None]).abs() >= self.reach
            band = q @ k.transpose(-1, -2) * q.size(-1) ** -0.5
            scores = scores + band.masked_fill(far[:, None], 0.0)
        return masked_softmax(scores if bias is None else scores + bias, scope)
