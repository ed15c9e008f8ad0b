"""Each pair by itself: what is the same is drawn together, what is not is pushed apart.

Hadsell, Chopra & LeCun 2006, 2.1 (http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf),
with 1 - cosine as the distance. `N` rows, `W` width of a vector.
"""

import torch
from pydantic import Field
from torch import Tensor

from regard.tasks.contrast.base import ContrastConfig


class Config(ContrastConfig):
    """`margin`: what is further apart than this is left alone."""

    margin: float = Field(0.6, gt=0, le=2)

    def loss(self, a: Tensor, b: Tensor, same: Tensor, groups: Tensor) -> Tensor:
        """Squared distances, or what they lack."""
        apart = 1 - (a * b).sum(-1)
        return torch.where(same, apart, (self.margin - apart).clamp_min(0)).square().sum()
