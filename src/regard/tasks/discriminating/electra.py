"""Was this token replaced? Asked of every token.

ELECTRA, Clark et al. 2020, 2 (https://arxiv.org/abs/2003.10555).
"""

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from regard.models.electra import Electra
from regard.tasks.discriminating.base import DiscriminatingConfig


class Config(DiscriminatingConfig):
    """`weight`: the paper's lambda."""

    everywhere = True
    weight: float = Field(50.0, gt=0)

    def head(self, dim: int, width: int, vocabulary: int) -> nn.Module:
        """A layer, then one number."""
        return nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, 1))

    def loss(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """Binary cross-entropy; a draw that hit the original is no replacement."""
        replaced = (read != was).float()
        return F.binary_cross_entropy_with_logits(self.odds(model, x), replaced, reduction="sum")

    def right(self, model: Electra, x: Tensor, read: Tensor, was: Tensor) -> Tensor:
        """Replaced, or not."""
        return (self.odds(model, x) > 0) == (read != was)

    def odds(self, model: Electra, x: Tensor) -> Tensor:
        """What the head gives."""
        return model.head(x)[:, 0].float()
