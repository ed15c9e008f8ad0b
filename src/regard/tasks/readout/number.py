"""A number on a scale, such as a similarity: a linear map, squared error."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from regard.tasks.readout.base import ReadoutConfig


class Config(ReadoutConfig):
    """The labels of the corpus are numbers."""

    numeric = True

    def head(self, dim: int, labels: Sequence[str]) -> nn.Module:
        """One number."""
        return nn.Linear(dim, 1)

    def loss(self, scores: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        """Squared error."""
        return F.mse_loss(scores[:, 0], target.to(scores.dtype), reduction="sum")

    def probabilities(self, scores: Tensor) -> Tensor:
        """The value itself, N 1."""
        return scores
