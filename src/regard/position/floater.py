"""FLOATER: a learned differential equation is followed from one position's vector to the next.

Branch: Position / Absolute
Paper: FLOATER, Liu et al. 2020, section 3, https://arxiv.org/abs/2003.09229
Formula: x_i + p(i delta) before every layer; p(0) is learned, and so is
  dp/dt = h(t, p) = V tanh(W [p, t] + b) + c
Cost: time O(T D^2), one position after the other, once a trip; memory O(T D)
Causal: yes
Scores: no
Limit: without dynamics one vector for all; Runge-Kutta errors fall with the step's fourth power

In the paper layers share h and start from vectors of their own; here they share p(0) as well. A
trip works the vectors out from position 0, so writing token by token repeats that at every token.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.pass_ import Pass
from regard.position.base import Position, PositionConfig
from regard.recipe import UserError


class Config(PositionConfig):
    """`solver` takes `steps` steps from a position to the next, `delta` away in time."""

    solver: Literal["rk4", "euler"] = "rk4"
    steps: int = 1
    delta: float = 0.1

    def build(self, dim: int, heads: int) -> "Floater":
        """One equation for the whole stack."""
        if self.steps < 1 or self.delta <= 0:
            raise UserError("floater: time goes forward; give 1 step or more and a delta above 0")
        return Floater(dim, self.solver, self.steps, self.delta)


class Floater(Position):
    """A network says where a position's vector is heading; a solver follows."""

    def __init__(self, dim: int, solver: str, steps: int, delta: float):
        super().__init__()
        self.solver, self.steps, self.step = solver, steps, delta / steps
        self.origin = nn.Parameter(torch.randn(dim))
        self.hidden, self.heading = nn.Linear(dim + 1, dim), nn.Linear(dim, dim)

    def add(self, x: Tensor, pass_: Pass, layer: int) -> Tensor:
        """Enter the stream before every layer, with vectors that are worked out once a trip."""
        count = int(pass_.pos.max()) + 1 if pass_.pos.numel() else 1
        known = pass_.scopes.get(self)
        if known is None or len(known) < count:
            known = pass_.scopes[self] = self.vectors(count)
        return x + known[pass_.pos].to(x.dtype)

    def vectors(self, count: int) -> Tensor:
        """P D: of the first `count` positions, each from the one before it."""
        p: Tensor = self.origin
        found = [p]
        for n in range((count - 1) * self.steps):
            p = p + self.step * self.slope(n * self.step, p)
            found.append(p)
        return torch.stack(found[:: self.steps])

    def slope(self, t: float, p: Tensor) -> Tensor:
        """Where to go from p (D) for one step: straight on, or the mean of four looks ahead."""
        a = self.h(t, p)
        if self.solver == "euler":
            return a
        half = self.step / 2
        b = self.h(t + half, p + half * a)
        c = self.h(t + half, p + half * b)
        d = self.h(t + self.step, p + self.step * c)
        return (a + 2 * b + 2 * c + d) / 6

    def h(self, t: float, p: Tensor) -> Tensor:
        """dp/dt at time t."""
        return self.heading(torch.tanh(self.hidden(F.pad(p, (0, 1), value=t))))
