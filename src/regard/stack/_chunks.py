"""Rows cut into chunks of so many positions, and what stacks that read by chunks share.

Chunks are cut by position, so padding, wherever it stands, is in none of them.

`N` rows, `T` tokens, `C` chunks of a row, `S` positions of a chunk, `D` width.
"""

from typing import Annotated, Any

import torch
from torch import Tensor

from regard.pass_ import Pass, encoding
from regard.recipe import Part, UserError, kind_of
from regard.stack.base import StackConfig
from regard.stack.plain import Config as Plain
from regard.stack.plain import Stack


class LevelsConfig(StackConfig):
    """`layers` of each level, which are plain stacks."""

    reads = True
    layers: int = 3
    position: Annotated[Any, Part("position")] = "sinusoidal"
    block: Annotated[Any, Part("block", default="standard")] = "standard"

    def level(self, dim: int) -> Stack:
        """The blocks of a level."""
        plain = Plain(layers=self.layers, position=self.position, block=self.block)
        return plain.stack(dim, cross=False)


class ChunkedConfig(LevelsConfig):
    """`chunk` positions are read by themselves first."""

    chunk: int = 16

    def level(self, dim: int) -> Stack:
        """The blocks of a level. Raises UserError if there is nothing in a chunk."""
        if self.chunk < 1:
            raise UserError(f"{kind_of(self)}: a chunk holds 1 position or more, not {self.chunk}")
        return super().level(dim)


def cut(x: Tensor, pass_: Pass, size: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """x (N T D) as chunks (N C S D), which of it is real (N C S), and its tokens."""
    count = -(-x.size(1) // size)
    ok = torch.ones_like(pass_.pos, dtype=torch.bool) if pass_.ok is None else pass_.ok
    at = pass_.pos.masked_fill(~ok, count * size)  # padding goes into a place that is thrown away

    def laid(x: Tensor) -> Tensor:
        index = at.view(*at.shape, *[1] * (x.dim() - 2)).expand_as(x)
        room = x.new_zeros(x.size(0), count * size + 1, *x.shape[2:]).scatter(1, index, x)
        return room[:, :-1].unflatten(1, (count, size))

    return laid(x), laid(ok), None if pass_.tokens is None else laid(pass_.tokens)


def spread(y: Tensor, pass_: Pass) -> Tensor:
    """Back from chunks (N C S D) to where their positions stand in a row (N T D)."""
    flat = y.flatten(1, 2)
    return flat.gather(1, pass_.pos[..., None].expand(-1, -1, y.size(-1)))


def below(pass_: Pass, x: Tensor, ok: Tensor, tokens: Tensor | None = None) -> Pass:
    """A trip over other rows x (B T D), real where ok, that belongs to this one."""
    made = encoding(ok, x, tokens)
    made.task, made.aux = pass_.task, pass_.aux
    return made


def through(stack: Stack, x: Tensor, pass_: Pass) -> Tensor:
    """x (B T D) after all of a level's blocks."""
    return stack(x, pass_, [None] * len(stack.blocks))[0]


def within(
    stack: Stack, pass_: Pass, x: Tensor, ok: Tensor, tokens: Tensor | None = None
) -> Tensor:
    """Chunks (N C S D) read by themselves."""
    rows = x.flatten(0, 1)
    ids = None if tokens is None else tokens.flatten(0, 1)
    y = through(stack, rows, below(pass_, rows, ok.flatten(0, 1), ids))
    return y.unflatten(0, x.shape[:2])


def mean(x: Tensor, ok: Tensor) -> Tensor:
    """Of what is real in each chunk: N C D."""
    real = ok[..., None].to(x.dtype)
    return (x * real).sum(2) / real.sum(2).clamp_min(1)
