"""Early exit: a classifier after every layer, by which a row leaves once the kind is sure of it.

The seam for tasks: `Pass.ramps` holds logits (N C). In training all rows run through all layers,
and it gets one entry a layer, for a loss on each; at use it gets one entry, what every row left
with. So its last entry is the answer, always.

`N` rows, `S` positions, `D` width, `C` classes.
"""

from dataclasses import fields, replace
from typing import Literal

import torch
from torch import Tensor, nn

from regard.block.base import Layer
from regard.pass_ import Keys, Pass
from regard.recipe import UserError, kind_of
from regard.stack.plain import Config as Plain
from regard.stack.plain import PlainDecoder, PlainEncoder, Stack
from regard.state import Encoded

Pool = Literal["first", "mean"]


class Exiting(Plain):
    """`classes` to tell apart; `pool`: a ramp reads the first real position, or the mean."""

    writes = False
    classes: int = 2
    pool: Pool = "first"

    def decoder(self, dim: int, memory: int | None) -> PlainDecoder:
        """Refused."""
        raise UserError(f"{kind_of(self)}: rows leave as a whole; use it as an encoder")

    def stack(self, dim: int, cross: bool) -> Stack:
        """A plain one. Raises UserError where there is nothing to exit from, or to tell."""
        if self.layers < 1 or self.classes < 2:
            raise UserError(f"{kind_of(self)}: wants layers 1 or more, and classes 2 or more")
        return super().stack(dim, cross)


class Ramps(PlainEncoder):
    """A kind overrides `sure`."""

    ramps: nn.ModuleList

    def __init__(self, stack: Stack, config: Exiting):
        super().__init__(stack)
        self.pool = config.pool
        self.ramps = nn.ModuleList(nn.Linear(stack.dim, config.classes) for _ in stack.blocks)

    def sure(self, said: list[Tensor]) -> Tensor:
        """Which rows (N) may leave, by the logits (N C) of all layers so far."""
        raise NotImplementedError

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N S D) read; a row that leaves early is what it was there."""
        stack, trip, said = self.stack, pass_, []
        rows, left = torch.arange(len(x), device=x.device), []
        for i, (block, ramp) in enumerate(zip(stack.blocks, self.ramps, strict=True)):
            x, _ = block(stack.position.add(x, trip, i), trip, Layer())
            out = x if stack.norm is None else stack.norm(x, trip.ok)
            said.append(ramp(pooled(out, trip.ok, self.pool)))
            if self.training or i + 1 == len(self.ramps):
                continue
            go = self.sure(said)
            if bool(go.any()):
                stay = (~go).nonzero()[:, 0]
                left.append((rows[go], out[go], said[-1][go]))
                rows, x, said, trip = rows[stay], x[stay], [s[stay] for s in said], some(trip, stay)
                out = out[stay]
            if not len(rows):
                break
        if self.training:
            pass_.ramps.extend(said)
            return Encoded(out, pass_.ok, pass_.pos)
        rows, out, logits = (torch.cat(t) for t in zip(*left, (rows, out, said[-1]), strict=True))
        back = rows.argsort()
        pass_.ramps.append(logits[back])
        return Encoded(out[back], pass_.ok, pass_.pos)


def pooled(x: Tensor, ok: Tensor | None, pool: Pool) -> Tensor:
    """What stands for a row (N D) of x (N S D): its first real position, or the mean of them."""
    if ok is None:
        return x[:, 0] if pool == "first" else x.mean(1)
    if pool == "first":
        return x[torch.arange(len(x), device=x.device), ok.long().argmax(1)]
    return x.masked_fill(~ok[..., None], 0.0).sum(1) / ok.sum(1, keepdim=True).clamp_min(1)


def some(pass_: Pass, index: Tensor) -> Pass:
    """The trip of these rows alone; extra losses and ramps are still those of all."""
    keys, rules = pass_.keys, tuple(rule.reorder(index) for rule in pass_.rules)
    ok = None if keys.ok is None else keys.ok[index]
    mine = {f.name: getattr(pass_, f.name) for f in fields(pass_)}
    mine = {name: value[index] for name, value in mine.items() if isinstance(value, Tensor)}
    left = {name: word[index] for name, word in pass_.scopes.items() if isinstance(word, Tensor)}
    known = Keys(keys.pos[index], ok, keys.layout)
    return replace(pass_, **mine, keys=known, rules=rules, scopes=left)
