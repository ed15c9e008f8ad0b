"""Macaron: half a feed-forward before the attention and half a one after it.

Branch: Architecture / Alternatives
Paper: Understanding and Improving Transformer From a Multi-Particle Dynamic System Point of View,
  Lu et al. 2019, section 3, https://arxiv.org/abs/1906.02762
Formula: x = r(x, ff' / 2); x = r(x, mixer); x = r(x, cross), in a decoder; x = r(x, ff / 2);
  r is the residual that block/residual.py places norms in
Cost: time and memory of its parts
Causal: yes, if its mixer is
Scores: no, but its mixer may
Limit: with its first feed-forward zero it is the standard block with half of its last one

The paper makes both half as wide as a Transformer's, to be of its size: set `ff.width` to 2 D.
"""

from typing import Any

from torch import Tensor, nn

from regard.block import standard
from regard.block.base import Block, Layer
from regard.block.residual import Residual
from regard.ff.base import FeedForward
from regard.pass_ import Pass
from regard.position.base import Position


class Config(standard.Config):
    """Those of the standard block; `ff` is what both feed-forwards are."""

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> "Macaron":
        """A standard block with half of its feed-forward, and the other half before it."""
        rest: Any = super().build(dim, position, cross, depth)
        rest.ff = Half(rest.ff)
        residual = Residual(dim, self.place, self.norm, self.dropout, depth)
        return Macaron(Half(self.ff.build(dim)), residual, rest)


class Half(FeedForward):
    """Half of what a feed-forward answers."""

    def __init__(self, ff: nn.Module):
        super().__init__()
        self.ff = ff

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        return self.ff(x, pass_) / 2


class Macaron(Block):
    """The state is that of the standard block inside."""

    def __init__(self, first: FeedForward, residual: Residual, rest: Block):
        super().__init__()
        self.first, self.residual, self.rest = first, residual, rest

    def mixers(self) -> list[Any]:
        """That of the block inside."""
        return self.rest.mixers()

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """The mixer's empty state."""
        return self.rest.start(rows, capacity, like)

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory."""
        return self.rest.project(memory)

    def open(self, x: Tensor, pass_: Pass) -> Tensor:
        """The stream after the first half: B T D."""
        y = self.first(self.residual.before(x, pass_.ok), pass_)
        return self.residual.after(x, y, pass_.ok)

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        return self.rest(self.open(x, pass_), pass_, state)

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """The mixer takes notice of what the first half makes of x."""
        return self.rest.remember(self.open(x, pass_), pass_, state)
