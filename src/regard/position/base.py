"""The four places where positions may enter a model. Positions are absolute integers, never shapes.

`B` rows, `T` queries, `S` keys, `D` width, `H` heads, `K` head width.
"""

from typing import ClassVar

from torch import Tensor, nn

from regard.pass_ import Pass
from regard.recipe import Config as Settings


class Position(nn.Module):
    """No positions; a kind overrides the places where it enters."""

    scores: ClassVar[bool] = False  # adds to scores, so a core must form some
    weighs: ClassVar[bool] = False  # adds to values, so a core must form weights
    per_layer: ClassVar[bool] = False  # one instance a layer, or one for the whole stack

    def add(self, x: Tensor, pass_: Pass, layer: int) -> Tensor:
        """Enter the stream x (B T D) before `layer`."""
        return x

    def turn(self, x: Tensor, pos: Tensor) -> Tensor:
        """Enter queries or keys x (B H T K) that stand at pos (B T)."""
        return x

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor | None:
        """What to add to the scores of q (B H T K) and k (B G S K): broadcasts to B H T S."""
        return None

    def values(self, weights: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor | None:
        """What to add to the result (B H T K) of weights (B H T S)."""
        return None


class PositionConfig(Settings):
    """Settings of a kind; `build` makes it for a stack of this width and head count."""

    def build(self, dim: int, heads: int) -> Position:
        """The kind's module."""
        raise NotImplementedError
