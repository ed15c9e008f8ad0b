"""One of several labels: a linear map, softmax, cross-entropy."""

from collections.abc import Sequence

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from regard.tasks.readout.base import ReadoutConfig


class Config(ReadoutConfig):
    """`smoothing`: the share of probability spread over all labels."""

    smoothing: float = Field(0.0, ge=0, lt=1)

    def head(self, dim: int, labels: Sequence[str]) -> nn.Module:
        """A score a label."""
        return nn.Linear(dim, len(labels))

    def loss(self, scores: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        """Cross-entropy."""
        how = self.smoothing if scores.requires_grad else 0.0  # a dev loss is the plain one
        return F.cross_entropy(scores, target, weights, reduction="sum", label_smoothing=how)

    def probabilities(self, scores: Tensor) -> Tensor:
        """Softmax."""
        return scores.softmax(-1)
