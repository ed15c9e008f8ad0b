"""Recurrent mixers: a cell that takes one step, and the scan that runs it along time.

`B` rows, `T` tokens, `D` width in, `W` width of the cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from regard.attention.scope import Causal, Rule
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Config as Settings
from regard.recipe import UserError, kind_of
from regard.state import Held


@dataclass
class Carry(Held):
    """What a cell carries on: its output h (B W), and c (B W) if it has a memory besides."""

    h: Tensor
    c: Tensor | None = None


class Cell(nn.Module):
    """A kind overrides `prepare` and `advance`; its output is the h it carries."""

    incremental: ClassVar[bool] = True
    memory: ClassVar[bool] = False  # carries a c

    def __init__(self, width: int):
        super().__init__()
        self.width = width

    def prepare(self, x: Tensor) -> Tensor:
        """What can be worked out from x (... D) for all steps at once."""
        raise NotImplementedError

    def advance(self, x: Tensor, carry: Carry) -> Carry:
        """One step with prepared x (B ...)."""
        raise NotImplementedError

    def honours(self, rule: Rule) -> bool:
        """A recurrence keeps to the order of time, and to nothing else."""
        return isinstance(rule, Causal)

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Carry:
        """Zeros."""
        zero = like.new_zeros(rows, self.width)
        return Carry(zero, zero if self.memory else None)

    def scan(
        self, x: Tensor, carry: Carry, ok: Tensor | None = None, reverse: bool = False
    ) -> tuple[Tensor, Carry]:
        """x (B T D) step by step, from the end if `reverse`; padding leaves the carry as it is.

        Returns the outputs (B T W) and the last carry.
        """
        steps: Sequence[Tensor] = self.prepare(x).unbind(1)
        out: list[Tensor] = [carry.h] * len(steps)
        order = range(len(steps))
        for t in reversed(order) if reverse else order:
            new = self.advance(steps[t], carry)
            carry = new if ok is None else keep(ok[:, t, None], new, carry)
            out[t] = carry.h
        return (torch.stack(out, 1) if out else x.new_zeros(*x.shape[:2], self.width)), carry

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """As a mixer in a block: B T D -> B T W."""
        carry = self.start(x.size(0), None, x) if state is None else state
        y, carry = self.scan(x, carry, pass_.ok)
        return y, None if state is None else carry

    def remember(self, x: Tensor, pass_: Pass, state: Any) -> Any:
        """A recurrence has no cheaper way than to run."""
        return self.forward(x, pass_, state)[1]


def keep(ok: Tensor, new: Carry, old: Carry) -> Carry:
    """`new` where ok (B 1), else `old`."""
    c = None if new.c is None or old.c is None else torch.where(ok, new.c, old.c)
    return Carry(torch.where(ok, new.h, old.h), c)


class CellConfig(Settings):
    """A kind defines `cell`; in a block its width is the stream's."""

    def cell(self, dim: int, width: int) -> Cell:
        """A cell that reads width `dim` and carries `width`."""
        raise NotImplementedError

    def build(self, dim: int, position: Position | None = None) -> Cell:
        """As the mixer of a block. Raises UserError for positions that need queries or scores."""
        if position is not None and (position.scores or type(position).turn is not Position.turn):
            raise UserError(
                f"{type(position).__name__} acts on queries and {kind_of(self)} has none: use none"
            )
        return self.cell(dim, dim)
