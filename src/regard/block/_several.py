"""Blocks of several mixers, which keep one state object for them."""

from typing import Any

from torch import Tensor, nn

from regard.block.base import Block, Layer
from regard.block.residual import Residual
from regard.block.standard import Config
from regard.mixer._several import Several, apart, together
from regard.pass_ import Pass

__all__ = ["Chain", "Several", "apart", "chain", "together"]


class Chain(Block):
    """Mixers one after the other, cross-attention in a decoder, a feed-forward: each part in its
    residual.
    """

    line: Any  # the mixers
    cross: Any
    residuals: Any

    def __init__(
        self,
        mixers: list[nn.Module],
        cross: nn.Module | None,
        ff: nn.Module,
        residuals: list[Residual],
    ):
        super().__init__()
        self.line, self.cross, self.ff = nn.ModuleList(mixers), cross, ff
        self.residuals = nn.ModuleList(residuals)

    def mixers(self) -> list[Any]:
        """All of them."""
        return list(self.line)

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """The mixers' empty states."""
        return together([mixer.start(rows, capacity, like) for mixer in self.line])

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory."""
        return self.cross.project(memory)

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        x, own = self.move(x, pass_, state.own)
        *_, middle, last = self.residuals
        ok = pass_.ok
        if self.cross is not None:
            y = self.cross.read(middle.before(x, ok), pass_, state.cross)
            x = middle.after(x, y, ok)
        return last.after(x, self.ff(last.before(x, ok), pass_), ok), own

    def move(self, x: Tensor, pass_: Pass, state: Any) -> tuple[Tensor, Any]:
        """The stream after the mixers, and their new states."""
        ok, new = pass_.ok, []
        for i, own in enumerate(apart(state, len(self.line))):
            residual = self.residuals[i]
            y, own = self.line[i](residual.before(x, ok), pass_, own)
            x = residual.after(x, y, ok)
            new.append(own)
        return x, together(new)

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """A mixer takes notice of what those before it make of x."""
        return self.move(x, pass_, state.own)[1]


def chain(config: Config, mixers: list[nn.Module], dim: int, cross: bool, depth: int) -> Chain:
    """These mixers, and what else a standard block with these settings has."""
    parts = len(mixers) + (2 if cross else 1)
    return Chain(
        mixers,
        config.cross.build(dim, memory=dim) if cross else None,
        config.ff.build(dim),
        [Residual(dim, config.place, config.norm, config.dropout, depth) for _ in range(parts)],
    )
