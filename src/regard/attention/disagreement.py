"""Dense attention with an extra loss on heads that agree.

Branch: Attention / Heads: behaviour
Paper: Disagreement regularisation, Li et al. 2018, section 3, https://arxiv.org/abs/1810.10183
Formula: softmax attention; loss = weight / H^2 sum over heads i, j of cos(y_i, y_j), with the
  values v_i in place of the outputs y_i (subspace), or sum of a_i a_j over keys (position)
Cost: time O(T S D), memory O(T S) (less where a fused kernel runs); the loss O(T D) more, and
  for positions the weights once again
Causal: yes
Scores: yes
Limit: the loss is the weight if all heads agree, and a H-th of it if all are at right angles

The mean runs over real positions. A memory is refused: there the trip collects no loss.
"""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from regard.attention._losses import mean_where
from regard.attention.base import CoreConfig
from regard.attention.scope import Scope
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError

Where = Literal["output", "subspace", "position"]


class Config(CoreConfig):
    """Heads are to differ `on` outputs, values (subspace) or weights (position); `weight` of the
    loss; `dropout` drops weights.
    """

    on: Where = "output"
    weight: float = 1.0
    dropout: Rate = 0.0

    def core(self, width: int) -> "Disagreement":
        """The mechanism."""
        if self.weight < 0:
            raise UserError("disagreement: a negative weight rewards agreement; give 0 or more")
        return Disagreement(self.on, self.weight, self.dropout)


class Disagreement(Softmax):
    """The loss is added in training alone; what is attended to does not change."""

    counts = True
    cross = False

    def __init__(self, on: Where, weight: float = 1.0, dropout: float = 0.0):
        super().__init__(dropout)
        self.on, self.weight = on, weight

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """Dense; the loss goes to the trip."""
        y, trip = super().attend(q, k, v, scope), scope.trip
        if not self.training or trip is None:
            return y
        if self.on == "output":
            loss = mean_where(agreement(F.normalize(y, dim=-1)), trip.ok)
        elif self.on == "subspace":
            loss = mean_where(agreement(F.normalize(v, dim=-1)), scope.k_ok)
        else:
            loss = mean_where(agreement(self.weights(q, k, scope)), trip.ok)
        trip.aux.append(self.weight * loss)
        return y


def agreement(x: Tensor) -> Tensor:
    """Mean product over all pairs of heads of x (B H T K), which is their mean, squared: B T."""
    return x.mean(1).square().sum(-1)
