"""Gated recurrent unit: one gate says what a step keeps, another what it forgets to look at.

Branch: Beside the survey / Recurrent translation
Paper: Learning Phrase Representations using RNN Encoder-Decoder, Cho et al. 2014, section 2.3,
  https://arxiv.org/abs/1406.1078
Formula: h' = z h + (1 - z) tanh(W x + a + r (U h + b)); r, z = sigmoid of maps of x and h
Cost: time O(T D^2), memory O(T D); the state is O(D)
Causal: yes
Scores: no

The reset gate r comes after the product, as fast kernels have it; the paper's comes before.
"""

from torch import Tensor, nn

from regard.mixer.base import Carry, Cell, CellConfig


class Config(CellConfig):
    """Nothing to set."""

    def cell(self, dim: int, width: int) -> "GRU":
        """The cell."""
        return GRU(dim, width)


class GRU(Cell):
    """h' = z h + (1 - z) tanh(W x + r (U h)): the reset gate after the product, as fast kernels
    have it.
    """

    def __init__(self, dim: int, width: int):
        super().__init__(width)
        self.input, self.recur = nn.Linear(dim, 3 * width), nn.Linear(width, 3 * width)

    def prepare(self, x: Tensor) -> Tensor:
        """The input's share of both gates and the candidate."""
        return self.input(x)

    def advance(self, x: Tensor, carry: Carry) -> Carry:
        """One step."""
        h, W = carry.h, self.width
        u = self.recur(h)
        r, z = (x[:, : 2 * W] + u[:, : 2 * W]).sigmoid().chunk(2, -1)
        new = (x[:, 2 * W :] + r * u[:, 2 * W :]).tanh()
        return Carry(new + z * (h - new))  # in h's precision, also under autocast
