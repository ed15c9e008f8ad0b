"""Evolved Transformer: the cells that an evolutionary search found, with convolutions beside.

Branch: Architecture / Alternatives
Paper: The Evolved Transformer, So et al. 2019, section 5, https://arxiv.org/abs/1901.11117
Formula: encoder: x = r(x, GLU); x = r(x, sep9(n(relu(W x) + relu(conv3 x)))); x = r(x, attention);
  x = r(x, ff). Decoder: x = r(x, attention + cross); x = r(x, sep7(n(relu(sep11 x) + sep7 x)));
  x = r(x, attention); x = r(x, cross); x = r(x, ff). r is the residual that block/residual.py
  places norms in, n a norm; narrower branches are filled up with zeros
Cost: time O(T S D + T D^2), memory O(T S + T D); S as its attention has it
Causal: yes, if its attention is
Scores: no, but its attention may

Convolutions are causal under a decoder's rules. The decoder's first attention has as many heads as
its second, where the paper has twice as many, so that both can have the same positions; its
feed-forward is Swish in the paper and whatever `ff` says here.
"""

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.block import standard
from regard.block._several import apart, together
from regard.block.base import Block, Layer
from regard.block.residual import Residual
from regard.dropout import Dropout
from regard.mixer._near import DepthWise, Neighbours, near, windows
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import UserError


class Config(standard.Config):
    """Those of the standard block; which `cell`: the decoder's where there is a memory to read and
    else the encoder's, unless it is named.
    """

    cell: Literal["either", "encoder", "decoder"] = "either"

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> "Evolved":
        """One of the two cells."""
        if cross and self.cell == "encoder":
            raise UserError("evolved: the encoder's cell reads no memory; use cell: decoder")
        parts = 5 if cross else 4
        residuals = [
            Residual(dim, self.place, self.norm, self.dropout, depth) for _ in range(parts)
        ]
        drop, ff = Dropout(self.dropout), self.ff.build(dim)
        if not cross and self.cell != "decoder":
            attention = self.mixer.build(dim, position)
            return EncoderCell(dim, attention, self.norm.build(4 * dim), ff, drop, residuals)
        attentions = [self.mixer.build(dim, position) for _ in range(2)]
        crosses = [self.cross.build(dim, memory=dim) for _ in range(2 if cross else 0)]
        norm = self.norm.build(2 * dim)
        return DecoderCell(dim, attentions, crosses, norm, ff, drop, residuals)


class Evolved(Block):
    """What both cells share; `line` holds all that moves information along time."""

    line: Any
    residuals: Any

    def mixers(self) -> list[Any]:
        """Convolutions and attention."""
        return list(self.line)

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """All empty states."""
        return together([mixer.start(rows, capacity, like) for mixer in self.line])

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """The last mixer takes notice of what all before it make of x."""
        return self(x, pass_, state)[1]


class EncoderCell(Evolved):
    """A gate, two branches of a convolution, attention, a feed-forward."""

    def __init__(
        self, dim: int, attention: nn.Module, norm: nn.Module, ff: nn.Module, drop: Dropout,
        residuals: list[Residual],
    ):  # fmt: skip
        super().__init__()
        self.gate, self.wide = nn.Linear(dim, 2 * dim), nn.Linear(dim, 4 * dim)
        near, far = Full(dim, dim // 2, 3), Separable(4 * dim, dim // 2, 9)
        self.line = nn.ModuleList([near, far, attention])
        self.norm, self.ff, self.drop = norm, ff, drop
        self.residuals = nn.ModuleList(residuals)

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        (near, far, attention), ok = self.line, pass_.ok
        a, b, c = apart(state.own, 3)
        r, branches, look, last = self.residuals
        x = r.after(x, F.glu(self.gate(r.before(x, ok)), -1), ok)
        h = branches.before(x, ok)
        y, a = near(h, pass_, a)
        y = both(self.drop(F.relu(self.wide(h))), self.drop(F.relu(y)))
        y, b = far(self.norm(y, ok), pass_, b)
        x = branches.after(x, F.pad(y, (0, x.size(-1) - y.size(-1))), ok)
        y, c = attention(look.before(x, ok), pass_, c)
        x = look.after(x, y, ok)
        return last.after(x, self.ff(last.before(x, ok), pass_), ok), together([a, b, c])


class DecoderCell(Evolved):
    """Attention beside cross-attention, two branches of convolutions, and a decoder as usual."""

    crosses: Any

    def __init__(
        self, dim: int, attentions: list[nn.Module], crosses: list[nn.Module], norm: nn.Module,
        ff: nn.Module, drop: Dropout, residuals: list[Residual],
    ):  # fmt: skip
        super().__init__()
        first, second = attentions
        branches = [Separable(dim, 2 * dim, 11), Separable(dim, dim // 2, 7)]
        self.line = nn.ModuleList([first, *branches, Separable(2 * dim, dim, 7), second])
        self.crosses, self.residuals = nn.ModuleList(crosses), nn.ModuleList(residuals)
        self.norm, self.ff, self.drop = norm, ff, drop

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of both cross-attentions, side by side as more key heads."""
        k, v = zip(*(cross.project(memory) for cross in self.crosses), strict=True)
        return torch.cat(k, 1), torch.cat(v, 1)

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        first, wide, small, out, second = self.line
        a, b, c, d, e = apart(state.own, 5)
        beside, branches, look, *_, last = self.residuals
        ok, kv = pass_.ok, self.halves(state.cross)
        h = beside.before(x, ok)
        y, a = first(h, pass_, a)
        if self.crosses:
            y = y + self.crosses[0].read(h, pass_, kv[0])
        x = beside.after(x, y, ok)
        h = branches.before(x, ok)
        y, b = wide(h, pass_, b)
        z, c = small(h, pass_, c)
        y, d = out(self.norm(both(self.drop(F.relu(y)), self.drop(z)), ok), pass_, d)
        x = branches.after(x, y, ok)
        y, e = second(look.before(x, ok), pass_, e)
        x = look.after(x, y, ok)
        if self.crosses:
            r = self.residuals[3]
            x = r.after(x, self.crosses[1].read(r.before(x, ok), pass_, kv[1]), ok)
        return last.after(x, self.ff(last.before(x, ok), pass_), ok), together([a, b, c, d, e])

    def halves(self, kv: Any) -> list[tuple[Tensor, Tensor]]:
        """What `project` put side by side."""
        return [] if kv is None else list(zip(*(x.chunk(2, 1) for x in kv), strict=True))


def both(wide: Tensor, narrow: Tensor) -> Tensor:
    """Their sum, the narrow one filled up with zeros."""
    return wide + F.pad(narrow, (0, wide.size(-1) - narrow.size(-1)))


class Full(Neighbours):
    """A convolution of all channels with all."""

    def __init__(self, width: int, gives: int, kernel: int):
        super().__init__(width, kernel)
        self.out = nn.Linear(kernel * width, gives)

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D -> B T gives."""
        row = near(x, pass_, self.kernel, state)
        return row.back(self.out(torch.cat(windows(row.line, self.kernel), -1))), row.recent


class Separable(DepthWise):
    """Each channel by itself, then all of a token together."""

    def __init__(self, width: int, gives: int, kernel: int):
        super().__init__(width, kernel, bias=False)
        self.out = nn.Linear(width, gives)

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D -> B T gives."""
        y, state = super().forward(x, pass_, state)
        return self.out(y), state
