"""What mixers that look at neighbours share: real tokens side by side, and the newest as state.

Padding is taken out from between the tokens first, so that neighbours are neighbours however a
batch is padded. Where rules or a state say so a window ends with the token itself, else the token
stands in its middle; beyond the ends of a row stand zeros.

`B` rows, `T` tokens, `D` width, `W` tokens of a window (the kernel), `L` those of a line, `H`
groups of channels.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention.scope import Causal, Rule
from regard.dropout import Dropout
from regard.mixer.base import Cell, CellConfig
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Config as Settings
from regard.recipe import Rate, UserError, kind_of
from regard.state import Held


@dataclass
class Recent(Held):
    """The newest tokens, one fewer than a window holds; zeros where there was none."""

    x: Tensor  # B W-1 D


class Near(NamedTuple):
    """Tokens in line: `line` (B L D) with what stands around them, L = T + W - 1."""

    line: Tensor
    before: int  # where in a window the token itself stands
    place: Tensor | None  # B T, where in line each slot's token went; None: where it was
    recent: Recent | None

    def back(self, y: Tensor) -> Tensor:
        """From the order of the line (B T D) to the slots of the batch."""
        return y if self.place is None else pick(y, self.place)


def near(
    x: Tensor, pass_: Pass, kernel: int, recent: Recent | None = None, ahead: bool = True
) -> Near:
    """x (B T D) in line, after the `recent` ones; sees later tokens only if it may look `ahead`."""
    B, T, D = x.shape
    ahead = ahead and recent is None and Causal() not in pass_.rules
    after = (kernel - 1) // 2 if ahead else 0
    before, ok, place = kernel - 1 - after, pass_.ok, None
    if ok is not None:
        place = (ok.long().cumsum(1) - 1).clamp_min(0)
        there = torch.where(ok, place, T)[..., None].expand(B, T, D)  # padding: cut off again
        x = x.new_zeros(B, T + 1, D).scatter(1, there, x)[:, :T]
    past = x.new_zeros(B, before, D) if recent is None else recent.x
    line = torch.cat([past, F.pad(x, (0, 0, 0, after))], 1)
    if recent is not None and ok is None:
        recent = Recent(line[:, T:])
    elif recent is not None and ok is not None:
        ends = ok.sum(1, keepdim=True) + torch.arange(before, device=x.device)
        recent = Recent(pick(line, ends))
    return Near(line, before, place, recent)


def pick(x: Tensor, index: Tensor) -> Tensor:
    """Of x (B L D) what stands at index (B T): B T D."""
    return x.gather(1, index[..., None].expand(*index.shape, x.size(-1)))


def windows(line: Tensor, kernel: int) -> list[Tensor]:
    """For each place in a window who stands there: `kernel` of B T D, of a line (B L D)."""
    T = line.size(1) - kernel + 1
    return [line[:, w : w + T] for w in range(kernel)]


class Neighbours(nn.Module):
    """A mixer over windows of `kernel` tokens of this width; a kind defines `forward`."""

    incremental: ClassVar[bool] = True

    def __init__(self, width: int, kernel: int):
        super().__init__()
        self.width, self.kernel = width, kernel

    def honours(self, rule: Rule) -> bool:
        """A window keeps to the order of time, and to nothing else."""
        return isinstance(rule, Causal)

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Recent:
        """Zeros."""
        return Recent(like.new_zeros(rows, self.kernel - 1, self.width))

    def remember(self, x: Tensor, pass_: Pass, state: Any) -> Any:
        """As cheap as to run."""
        return self(x, pass_, state)[1]


class DepthWise(Neighbours):
    """Each channel weighs its own window."""

    def __init__(self, width: int, kernel: int, bias: bool = True):
        super().__init__(width, kernel)
        self.weight = nn.Parameter(torch.empty(width, kernel).uniform_(-1, 1) * kernel**-0.5)
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        row = near(x, pass_, self.kernel, state)
        line, taps = row.line.transpose(1, 2), self.weight[:, None]
        y = F.conv1d(line, taps, self.bias, groups=self.width)  # B D T
        return row.back(y.transpose(1, 2)), row.recent


class Convolution(Neighbours):
    """GLU, a weighted sum over the window, a linear map; a kind overrides `taps`."""

    def __init__(self, width: int, kernel: int, heads: int, dropout: float):
        super().__init__(width, kernel)
        self.heads, self.drop = heads, Dropout(dropout)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(width, width)

    def taps(self, x: Tensor) -> Tensor:
        """How much each x (B T D) takes of its window: H W, or B T H W, before the softmax."""
        raise NotImplementedError

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        row = near(F.glu(self.up(x), -1), pass_, self.kernel, state)
        seen = windows(row.line, self.kernel)
        weights = self.drop(self.taps(seen[row.before]).softmax(-1))
        y = torch.zeros_like(seen[0]).unflatten(-1, (self.heads, -1))  # B T H D/H
        for w, x in enumerate(seen):
            y = y + x.unflatten(-1, (self.heads, -1)) * weights[..., w, None]
        return self.down(row.back(y.flatten(2))), row.recent


class MixerConfig(CellConfig):
    """A kind defines `mixer`; it is no cell for a recurrent stack."""

    def mixer(self, dim: int) -> nn.Module:
        """The mixer of a stream of width `dim`."""
        raise NotImplementedError

    def build(self, dim: int, position: Position | None = None) -> Any:
        """As the mixer of a block. Raises UserError for positions that need queries or scores."""
        refuse(position, self, "has no queries")
        return self.mixer(dim)

    def cell(self, dim: int, width: int) -> Cell:
        """Raises UserError."""
        raise UserError(f"{kind_of(self)} carries no steps on, as a cell has to: use gru or lstm")


class ConvolutionConfig(MixerConfig):
    """`kernel`: tokens of a window; `heads`: groups of channels, each weighing the window in its
    own way; `dropout` drops weights.
    """

    kernel: int = 7
    heads: int = 4
    dropout: Rate = 0.0


def refuse(position: Position | None, kind: Settings, why: str) -> None:
    """Raises UserError for a position that acts on queries or scores, saying why it may not."""
    if position is not None and (position.scores or type(position).turn is not Position.turn):
        name = type(position).__name__
        raise UserError(f"{name} acts on queries and {kind_of(kind)} {why}: use sinusoidal or none")


def fits(kind: Settings, dim: int, kernel: int, heads: int = 1) -> None:
    """Raises UserError for a window that sees nothing, or groups that do not share the width."""
    if kernel < 1:
        raise UserError(f"{kind_of(kind)}: a kernel of {kernel} sees no token; give 1 or more")
    if heads < 1 or dim % heads:
        raise UserError(f"{kind_of(kind)}: {heads} heads do not divide the width {dim}")
