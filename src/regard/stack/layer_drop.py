"""LayerDrop: in training every block is left out now and then, so that some can go for good.

Branch: Architecture / Plain
Paper: Reducing Transformer Depth on Demand with Structured Dropout, Fan et al. 2020,
  https://arxiv.org/abs/1909.11556
Formula: x_l = x_(l-1) with probability `drop` in training, else block_l(x_(l-1)); at use plain
Cost: time and memory of its blocks, `drop` less in training
Causal: yes
Scores: no, but the mixers of its blocks may
Limit: drop = 0 is plain

Which blocks are left out is drawn anew in every trip, for all its rows. `regard compress --layers`
removes blocks of a trained model.
"""

from typing import Any

import torch
from torch import Tensor

from regard.block.base import Layer
from regard.pass_ import Pass
from regard.recipe import Rate
from regard.stack.plain import Config as Plain
from regard.stack.plain import Stack


class Config(Plain):
    """`drop`: how often a block is left out."""

    drop: Rate = 0.2

    def stack(self, dim: int, cross: bool) -> "Dropping":
        """The blocks of a plain stack."""
        return Dropping(super().stack(dim, cross), self.drop)


class Dropping(Stack):
    """A plain stack at use."""

    def __init__(self, plain: Stack, drop: float):
        super().__init__(plain.dim, list(plain.blocks), plain.position, None)
        self.norm, self.entry, self.drop = plain.norm, plain.entry, drop

    def through(self, block: Any, x: Tensor, pass_: Pass, layer: Layer) -> tuple[Tensor, Any]:
        """x (B T D) through one block, or past it."""
        if not self.training or float(torch.rand(())) >= self.drop:
            return super().through(block, x, pass_, layer)
        own = None if layer.own is None else block.remember(x, pass_, layer)
        # processes that train together wait for a gradient of every parameter: here it is 0
        return x + 0 * sum(p.sum() for p in block.parameters()), own
