"""Simpler simple recurrent unit: a gated running average, no product of which is recurrent.

Branch: Beside the survey / Fast translation
Paper: From Research to Production and Back: Ludicrously Fast Neural Machine Translation, Kim et al.
  2019, https://aclanthology.org/D19-5632/
Formula: c' = f c + (1 - f) W x, h' = relu(c'); f = sigmoid(V x + b)
Cost: time O(T D^2), memory O(T D); the state is O(D)
Causal: yes
Scores: no
Limit: with its forget gate shut it is relu(W x), position by position
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.mixer.base import Carry, Cell, CellConfig


class Config(CellConfig):
    """Nothing to set."""

    def cell(self, dim: int, width: int) -> "SSRU":
        """The cell."""
        return SSRU(dim, width)


class SSRU(Cell):
    """c' = f c + (1 - f) W x, h' = relu(c'): one product a step, none of it recurrent."""

    memory = True

    def __init__(self, dim: int, width: int):
        super().__init__(width)
        self.input = nn.Linear(dim, 2 * width)

    def prepare(self, x: Tensor) -> Tensor:
        """Candidate and forget gate: all that costs."""
        new, gate = self.input(x).chunk(2, -1)
        return torch.cat([new, gate.sigmoid()], -1)

    def advance(self, x: Tensor, carry: Carry) -> Carry:
        """One step."""
        new, f = x.chunk(2, -1)
        assert carry.c is not None
        c = new + f * (carry.c - new)  # in c's precision, also under autocast
        return Carry(F.relu(c), c)
