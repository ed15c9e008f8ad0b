"""Each text is to be told from all others of its batch by being like its partner.

InfoNCE, van den Oord et al. 2018, 2.3 (https://arxiv.org/abs/1807.03748), with both sides of every
other pair as negatives, as in SimCLR, Chen et al. 2020, 2.1 (https://arxiv.org/abs/2002.05709).
Texts of one's own group are none. `N` rows, `W` width of a vector.
"""

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from regard.tasks.contrast.base import ContrastConfig


class Config(ContrastConfig):
    """`temperature`: what cosines are divided by; a small one looks at the nearest alone."""

    only_same = True
    temperature: float = Field(0.07, gt=0)

    def loss(self, a: Tensor, b: Tensor, same: Tensor, groups: Tensor) -> Tensor:
        """Cross-entropy of the partner, the mean of both directions."""
        N = a.size(0)
        all_, group = torch.cat([a, b]), groups.T.reshape(-1)  # 2N W, 2N
        scores = all_ @ all_.T / self.temperature
        partner = torch.arange(2 * N, device=a.device).roll(N)
        hidden = group[:, None] == group[None]
        hidden[torch.arange(2 * N, device=a.device), partner] = False
        scores = scores.masked_fill(hidden, float("-inf"))
        return F.cross_entropy(scores, partner, reduction="sum") / 2
