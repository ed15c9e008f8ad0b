"""Labels in an order, such as stars: one number and rising thresholds.

CORAL, Cao et al. 2020, section 3 (https://arxiv.org/abs/1901.07884): P(y > k) = sigmoid(w x + b_k),
a binary cross-entropy for each of the L - 1 thresholds; w is shared, so the probabilities fall
with k.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.recipe import UserError
from regard.tasks.readout.base import ReadoutConfig


class Config(ReadoutConfig):
    """Labels are ordered by their number, or else by the alphabet."""

    def head(self, dim: int, labels: Sequence[str]) -> nn.Module:
        """A threshold between neighbours."""
        if len(labels) < 2:
            raise UserError("readout: ordinal wants two labels or more; the training rows have one")
        return Thresholds(dim, len(labels) - 1)

    def loss(self, scores: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        """Of all thresholds, as many times as the row's label weighs."""
        above = target[:, None] > torch.arange(scores.size(1), device=scores.device)
        each = F.binary_cross_entropy_with_logits(scores, above.to(scores.dtype), reduction="none")
        rows = each.sum(1)
        return rows.sum() if weights is None else (rows * weights[target]).sum()

    def probabilities(self, scores: Tensor) -> Tensor:
        """P(y = k) = P(y > k - 1) - P(y > k); thresholds out of order leave none, not less."""
        above = scores.sigmoid()
        one, none = torch.ones_like(above[:, :1]), torch.zeros_like(above[:, :1])
        each = (torch.cat([one, above], 1) - torch.cat([above, none], 1)).clamp_min(0)
        return each / each.sum(1, keepdim=True)


class Thresholds(nn.Module):
    """N D -> N (L - 1)."""

    def __init__(self, dim: int, count: int):
        super().__init__()
        self.score = nn.Linear(dim, 1, bias=False)
        # spread so that all labels are as probable at the start
        share = torch.arange(count, 0, -1) / (count + 1)
        self.bias = nn.Parameter(share.logit())

    def forward(self, x: Tensor) -> Tensor:
        """Log-odds of lying above each."""
        return self.score(x) + self.bias
