"""DeLighT: group-linear layers widen and narrow each token, a single narrow head attends.

Branch: Architecture / Lightweight
Paper: DeLighT: Deep and Light-weight Transformer, Mehta et al. 2020, section 3,
  https://arxiv.org/abs/2008.00623
Formula: y_1 = F(x), y_l = F(H(x, gelu(y_(l-1)))), attention(y_N) of width D/2; F maps each of g
  groups of channels by itself, H shuffles groups and mixes x in; then a feed-forward of width D/4
Cost: time O(T S D + T D^2 expand / groups), memory O(T S)
Causal: yes, if its attention is
Scores: no, but its attention may
Limit: with one group every layer is a linear map of [x, what the layer below gave]

The groups grow as 1, 2, 4 ... to the middle and shrink again. All blocks of a stack have as many
layers (the paper's grow towards the output), and cross-attention asks at full width.
"""

import math
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention.scope import Rule
from regard.block.base import BlockConfig
from regard.block.residual import Placement, Residual
from regard.block.standard import Standard
from regard.mixer._near import refuse
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Part, Rate, UserError


class Config(BlockConfig):
    """`layers` of group-linear maps reach `expand` times the width, in at most `groups` groups; the
    `ff` is a quarter of the stream wide unless it says otherwise.
    """

    layers: int = 4
    expand: float = 2.0
    groups: int = 8
    mixer: Annotated[Any, Part("attention", default="softmax")] = {"kind": "softmax", "heads": 1}
    cross: Annotated[Any, Part("attention", default="softmax")] = {"kind": "softmax", "heads": 1}
    ff: Annotated[Any, Part("ff", default="relu")] = "relu"
    norm: Annotated[Any, Part("norm")] = "layer"
    place: Placement = "pre"
    dropout: Rate = 0.1

    def heads(self) -> int:
        """Heads of self-attention."""
        return self.mixer.heads

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> Standard:
        """A standard block around the narrow attention."""
        refuse(position, self, "attends in half of the width it is made for")
        if self.layers < 2 or self.groups < 1 or self.expand <= 0 or dim % 2:
            raise UserError("delight: wants 2 layers or more, a group, a width, an even stream")
        attention = self.mixer.build(dim // 2, position)
        attention.out = nn.Linear(dim // 2, dim)
        light = self.ff if self.ff.width else self.ff.model_copy(update={"width": -(-dim // 4)})
        return Standard(
            DeLighT(ExpandReduce(dim, self.layers, self.expand, self.groups), attention),
            self.cross.build(dim, memory=dim) if cross else None,
            light.build(dim),
            [
                Residual(dim, self.place, self.norm, self.dropout, depth)
                for _ in range(3 if cross else 2)
            ],
        )


class DeLighT(nn.Module):
    """The transformation of each token, then attention over half of the width."""

    def __init__(self, change: "ExpandReduce", attention: Any):
        super().__init__()
        self.change, self.attention = change, attention

    @property
    def incremental(self) -> bool:
        """May its attention run token by token?"""
        return self.attention.incremental

    def honours(self, rule: Rule) -> bool:
        """Can its attention keep to the rule?"""
        return self.attention.honours(rule)

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """The attention's empty state."""
        return self.attention.start(rows, capacity, like[..., : like.size(-1) // 2])

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        return self.attention(self.change(x), pass_, state)

    def remember(self, x: Tensor, pass_: Pass, state: Any) -> Any:
        """The attention takes notice."""
        return self.attention.remember(self.change(x), pass_, state)


class ExpandReduce(nn.Module):
    """DExTra: from D to `expand` times as much, and back to D/2."""

    layers: Any

    def __init__(self, dim: int, layers: int, expand: float, most: int):
        super().__init__()
        rising = -(-layers // 2)
        groups = [min(2**i, most) for i in range(rising)]
        groups += groups[::-1][layers % 2 :]
        if any(dim % g for g in groups):
            raise UserError(f"delight: {max(groups)} groups do not divide the width {dim}")
        steps = [dim + (expand - 1) * dim * (i + 1) / rising for i in range(rising)]
        falling = layers - rising
        steps += [steps[-1] - (expand - 0.5) * dim * (i + 1) / falling for i in range(falling)]
        maps, width = [], 0
        for step, g, after in zip(steps, groups, [*groups[1:], 1], strict=True):
            fits = math.lcm(g, after)
            reads, width = dim + width, fits * max(1, round(step / fits))
            maps.append(Grouped(reads, width, g))
        self.layers = nn.ModuleList(maps)

    def forward(self, x: Tensor) -> Tensor:
        """B T D -> B T D/2."""
        first, *rest = self.layers
        y, before = first(x), first
        for layer in rest:
            y = shuffle(F.gelu(y), before.groups)
            parts = [part.unflatten(-1, (layer.groups, -1)) for part in (x, y)]
            y, before = layer(torch.cat(parts, -1).flatten(-2)), layer
        return y


def shuffle(y: Tensor, groups: int) -> Tensor:
    """One channel of each group in turn."""
    return y.unflatten(-1, (groups, -1)).transpose(-1, -2).flatten(-2)


class Grouped(nn.Module):
    """Each of `groups` groups of channels is mapped by itself."""

    def __init__(self, reads: int, gives: int, groups: int):
        super().__init__()
        self.groups = groups
        weight = torch.empty(groups, reads // groups, gives // groups)
        for part in weight:
            nn.init.xavier_uniform_(part)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(torch.zeros(gives))

    def forward(self, x: Tensor) -> Tensor:
        """... R -> ... G."""
        parts = x.unflatten(-1, (self.groups, -1))
        return torch.einsum("...gr,grw->...gw", parts, self.weight).flatten(-2) + self.bias
