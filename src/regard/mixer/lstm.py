"""Long short-term memory (Hochreiter & Schmidhuber 1997; the form of Sutskever et al. 2014, https://arxiv.org/abs/1409.3215)."""

from torch import Tensor, nn

from regard.mixer.base import Carry, Cell, CellConfig


class Config(CellConfig):
    """Nothing to set."""

    def cell(self, dim: int, width: int) -> "LSTM":
        """The cell."""
        return LSTM(dim, width)


class LSTM(Cell):
    """c' = f c + i g, h' = o tanh(c'); the forget gate starts open (bias 1, Jozefowicz et al.
    2015).
    """

    memory = True

    def __init__(self, dim: int, width: int):
        super().__init__(width)
        self.input, self.recur = nn.Linear(dim, 4 * width), nn.Linear(width, 4 * width, bias=False)
        nn.init.zeros_(self.input.bias)
        nn.init.ones_(self.input.bias[width : 2 * width])

    def prepare(self, x: Tensor) -> Tensor:
        """The input's share of all gates."""
        return self.input(x)

    def advance(self, x: Tensor, carry: Carry) -> Carry:
        """One step."""
        gates = x + self.recur(carry.h)
        i, f, g, o = gates.chunk(4, -1)
        c = f.sigmoid() * carry.c + i.sigmoid() * g.tanh()
        return Carry(o.sigmoid() * c.tanh(), c)
