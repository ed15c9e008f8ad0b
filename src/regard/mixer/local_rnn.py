"""Local RNN: a short recurrence over each token's own window, started afresh for every token.

Branch: Position / Implicit
Paper: R-Transformer: Recurrent Neural Network Enhanced Transformer, Wang et al. 2019, section 2.2,
  https://arxiv.org/abs/1907.05572
Formula: y_i = h_kernel, where h_w = cell(x_(i - kernel + w), h_(w - 1)), h_0 = 0
Cost: time O(T kernel D^2), memory O(T kernel D)
Causal: yes
Scores: no
Limit: a kernel of 1 is one step of the cell from zero, position by position

Windows end with their token in encoders too, as in the paper; before a row's start stand zeros.
"""

from typing import Annotated, Any

from torch import Tensor

from regard.mixer._near import MixerConfig, Neighbours, fits, near, windows
from regard.mixer.base import Cell
from regard.pass_ import Pass
from regard.recipe import Part


class Config(MixerConfig):
    """`kernel`: tokens of a window, which a `cell` reads."""

    kernel: int = 7
    unit: Annotated[Any, Part("mixer")] = "gru"

    def mixer(self, dim: int) -> "LocalRNN":
        """The cell and its windows."""
        fits(self, dim, self.kernel)
        return LocalRNN(self.unit.cell(dim, dim), self.kernel)


class LocalRNN(Neighbours):
    """All windows are read at once: as many steps as one holds, whatever the length."""

    def __init__(self, cell: Cell, kernel: int):
        super().__init__(cell.width, kernel)
        self.cell = cell

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        rows = x.shape[:2]
        row = near(x, pass_, self.kernel, state, ahead=False)
        carry = self.cell.start(rows.numel(), None, x)  # a row a window
        for step in windows(self.cell.prepare(row.line), self.kernel):
            carry = self.cell.advance(step.flatten(0, 1), carry)
        return row.back(carry.h.unflatten(0, rows)), row.recent
