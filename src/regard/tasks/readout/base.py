"""What a readout is: a head, its loss, and the answers in what it gives.

`N` rows, `C` numbers that the head gives, `L` labels.
"""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from regard.recipe import Config as Settings


class ReadoutConfig(Settings):
    """A kind overrides all but what is about numbers, unless it is."""

    numeric: ClassVar[bool] = False  # answers are numbers on a scale, not labels

    def head(self, dim: int, labels: Sequence[str]) -> nn.Module:
        """From a vector (N D) to N C."""
        raise NotImplementedError

    def loss(self, scores: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        """Summed over rows; target (N): the label's number, or the value; weights: L."""
        raise NotImplementedError

    def probabilities(self, scores: Tensor) -> Tensor:
        """N L, rows sum to 1 (numeric: the value alone, N 1)."""
        raise NotImplementedError
