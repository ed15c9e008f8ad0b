"""The two halves of a standard block, each a block by itself, for stacks that reorder them.

`B` rows, `T` positions, `N` sentences of a memory, `S` keys, `D` width.
"""

from typing import Any

from torch import Tensor, nn

from regard.block.base import Block, Layer
from regard.block.standard import Standard
from regard.pass_ import Pass


class Mixing(Block):
    """The mixer, and in a decoder the cross-attention that belongs to it."""

    residuals: Any

    def __init__(self, block: Standard):
        super().__init__()
        self.mixer, self.cross = block.mixer, block.cross
        self.residuals = nn.ModuleList(list(block.residuals)[:-1])

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """The mixer's empty state."""
        return self.mixer.start(rows, capacity, like)

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory."""
        return self.cross.project(memory)

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        first, ok = self.residuals[0], pass_.ok
        y, own = self.mixer(first.before(x, ok), pass_, state.own)
        x = first.after(x, y, ok)
        if self.cross is not None:
            r = self.residuals[1]
            x = r.after(x, self.cross.read(r.before(x, ok), pass_, state.cross), ok)
        return x, own

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """The mixer takes notice."""
        return self.mixer.remember(self.residuals[0].before(x, pass_.ok), pass_, state.own)


class Feeding(Block):
    """The feed-forward: it remembers nothing, and reads no memory."""

    def __init__(self, block: Standard):
        super().__init__()
        self.ff, self.residual = block.ff, block.residuals[-1]

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """Nothing."""
        return None

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of no width (N 1 S 0)."""
        none = memory[:, None, :, :0]
        return none, none

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        r, ok = self.residual, pass_.ok
        return r.after(x, self.ff(r.before(x, ok), pass_), ok), None

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """Nothing."""
        return None
