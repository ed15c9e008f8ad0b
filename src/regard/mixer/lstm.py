"""Long short-term memory: a memory beside the output, which gates write, keep and show.

Branch: Beside the survey / Recurrent translation
Paper: Long Short-Term Memory, Hochreiter & Schmidhuber 1997; the form with a forget gate as used
  by Sutskever et al. 2014, https://arxiv.org/abs/1409.3215
Formula: c' = f c + i g, h' = o tanh(c'); i, f, o = sigmoid and g = tanh of maps of x and h
Cost: time O(T D^2), memory O(T D); the state is O(D)
Causal: yes
Scores: no
"""

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
