"""What a contrast is: a loss over two sides of vectors.

`N` rows, `W` width of a vector (of length 1).
"""

from typing import ClassVar

from torch import Tensor

from regard.recipe import Config as Settings


class ContrastConfig(Settings):
    """`only_same`: rows that are not the same are no use to it."""

    only_same: ClassVar[bool] = False

    def loss(self, a: Tensor, b: Tensor, same: Tensor, groups: Tensor) -> Tensor:
        """Summed over rows; a, b: N W; same: N bool; groups: N 2, numbers of what each is about."""
        raise NotImplementedError
