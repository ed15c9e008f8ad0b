"""Conditional position encoding: a depth-wise convolution over the stream tells what stands where.

Branch: Position / Implicit
Paper: Conditional Positional Encodings for Vision Transformers, Chu et al. 2021, section 3.2,
  https://arxiv.org/abs/2102.10882
Formula: x = x + convolution(x), each channel by itself, zeros beyond the ends; then the standard
  block
Cost: time O(T kernel D) and memory O(T D) more than its parts
Causal: yes, if its mixer is
Scores: no, but its mixer may
Limit: a convolution with zero weights is the standard block

The paper convolves pictures once, behind the first block; here rows are convolved before every
block, looking both ways in an encoder and back in a decoder.
"""

from typing import Any

from torch import Tensor

from regard.block import standard
from regard.block._several import apart, together
from regard.block.base import Block, Layer
from regard.mixer._near import DepthWise
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import UserError


class Config(standard.Config):
    """Those of the standard block, and how many tokens the convolution takes in: `kernel`."""

    kernel: int = 3

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> "CPE":
        """The convolution and the block."""
        if self.kernel < 1:
            raise UserError(f"cpe: a kernel of {self.kernel} sees no token; give 2 or more")
        return CPE(DepthWise(dim, self.kernel), super().build(dim, position, cross, depth))


class CPE(Block):
    """Its state is the convolution's and that of the block inside."""

    def __init__(self, near: DepthWise, rest: Block):
        super().__init__()
        self.near, self.rest = near, rest

    def mixers(self) -> list[Any]:
        """The convolution and that of the block inside."""
        return [self.near, *self.rest.mixers()]

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """Both empty states."""
        parts = (self.near, self.rest)
        return together([part.start(rows, capacity, like) for part in parts])

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory."""
        return self.rest.project(memory)

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        near, own = apart(state.own, 2)
        y, near = self.near(x, pass_, near)
        x, own = self.rest(x + y, pass_, Layer(own, state.cross))
        return x, together([near, own])

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """The mixer takes notice of what is convolved."""
        near, own = apart(state.own, 2)
        y, near = self.near(x, pass_, near)
        return together([near, self.rest.remember(x + y, pass_, Layer(own, state.cross))])
