"""Local attention: each query predicts a place in the memory and looks around it (local-p).

Branch: Attention / Prior: locality
Paper: Effective Approaches to Attention-based NMT, Luong et al. 2015, section 3.2,
  https://arxiv.org/abs/1508.04025
Formula: p = S sigmoid(v . tanh(W q)); softmax of q W_k k_s over |s - p| <= reach, times
  exp(-2 (s - p)^2 / reach^2), times v_s
Cost: time O(T S D), memory O(T S), since rows are short and the window moves with every query
Causal: no, there is no place to predict in a past that still grows
Scores: yes
Limit: a reach far beyond the row is `general` attention
"""

import torch
from torch import Tensor, nn

from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Scope, masked_softmax
from regard.recipe import UserError


class Config(CoreConfig):
    """`reach`: keys seen on either side (the paper's D, 10); one head."""

    heads: int = 1
    reach: int = 10

    def core(self, width: int) -> "Local":
        """The mechanism."""
        if self.heads != 1:
            raise UserError("heads: local attention predicts one place a query, so it has one head")
        return Local(width, self.reach)


class Local(Core):
    """Reads a finished memory: there is no place to predict in a past that still grows."""

    uses = "k"
    incremental = False

    def __init__(self, width: int, reach: int):
        super().__init__()
        self.reach = reach
        self.w, self.v = nn.Linear(width, width, bias=False), nn.Linear(width, 1, bias=False)

    def score(self, q: Tensor, k: Tensor) -> Tensor:
        """Products with the projected key."""
        return q @ k.transpose(-1, -2)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """Softmax within the reach, times the Gaussian: rows sum to less than 1, as in the
        paper.
        """
        k_pos = scope.k_pos[:, None, None].to(q.dtype)  # B 1 1 S
        ok = scope.k_ok if scope.k_ok is not None else torch.ones_like(scope.k_pos).bool()
        length = ok.sum(1).to(q.dtype)[:, None, None, None]
        place = length * torch.sigmoid(self.v(torch.tanh(self.w(q))))  # B 1 T 1
        far = (k_pos - place).abs()
        low = torch.finfo(q.dtype).min
        scores, bias = self.score(q, k), scope.bias(q, k)
        scores = scores if bias is None else scores + bias
        align = masked_softmax(scores.masked_fill(far > self.reach, low), scope)
        align = align.masked_fill(far > self.reach, 0.0)
        return align * torch.exp(-(far**2) / (2 * (self.reach / 2) ** 2))
