"""A funnel: the row gets shorter from stage to stage, as neighbours become their mean.

Branch: Architecture / Lightweight
Paper: Funnel-Transformer, Dai et al. 2020, section 2.2, https://arxiv.org/abs/2006.03236
Formula: y = stage_n(pool(... pool(stage_1(x)))), pool: the mean of `stride` neighbours
Cost: time and memory of stage n are those of rows stride^(n-1) times as short
Causal: no, a pooled vector holds what comes later
Scores: no
Limit: a stride of 1 is as many plain stages one upon the other

What comes out is the short row: a decoder reads it as it is (the paper's up-sampling decoder is for
tasks that answer at every token). The stream is pooled between stages; in the paper the first layer
of a stage asks with pooled queries and reads keys that are not pooled yet. Neighbours are so by
position, so padding changes nothing.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from regard.pass_ import Pass
from regard.recipe import UserError
from regard.stack._chunks import LevelsConfig, below, cut, mean, through
from regard.stack.base import Encoder
from regard.stack.plain import Stack
from regard.state import Encoded


class Config(LevelsConfig):
    """`stages` of `layers` blocks each; `stride`: neighbours that become one between stages."""

    stages: int = 2
    stride: int = 2

    def encoder(self, dim: int) -> "Funnel":
        """All stages. Raises UserError if there is none, or nothing is pooled into one."""
        if self.stages < 1 or self.stride < 1:
            raise UserError(
                f"funnel: {self.stages} stages with a stride of {self.stride} are none; give 1 or "
                "more of each"
            )
        return Funnel(dim, self.stride, [self.level(dim) for _ in range(self.stages)])


class Funnel(Encoder):
    """As many vectors as the last stage has."""

    stages: Any  # a ModuleList of Stacks

    def __init__(self, dim: int, stride: int, stages: Sequence[Stack]):
        super().__init__()
        self.dim, self.stride, self.stages = dim, stride, nn.ModuleList(stages)

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N T D) read."""
        for i, stage in enumerate(self.stages):
            if i:
                groups, ok, _ = cut(x, pass_, self.stride)
                x = mean(groups, ok)
                pass_ = below(pass_, x, ok.any(-1))
            x = through(stage, x, pass_)
        return Encoded(x, pass_.ok, pass_.pos)
