"""Dense attention with an extra loss that guides some heads to fixed patterns.

Branch: Attention / Heads: behaviour
Paper: Attention guidance, Deshpande and Narasimhan 2020,
  https://arxiv.org/abs/2010.02399
Formula: softmax attention; loss = weight * mean over guided heads and queries of |a - p|^2, where
  p is 1 at the key that the pattern names and 0 at all others
Cost: time O(T S D), memory O(T S); in training the weights are worked out once more
Causal: yes, unless a head is guided to the next token
Scores: yes
Limit: a head that follows its pattern costs nothing, one that looks everywhere 1 - 1/n of n keys

A pattern a head, from the first head on. A query whose pattern names no key that it may see is left
alone. The paper's patterns of delimiters and full stops, which need token ids, are left out. A
memory is refused: there the trip collects no loss.
"""

from typing import Literal

import torch
from torch import Tensor

from regard.attention._losses import mean_where
from regard.attention.base import CoreConfig
from regard.attention.scope import Causal, Rule, Scope
from regard.attention.softmax import Softmax
from regard.recipe import Rate, UserError

Pattern = Literal["previous", "next", "first"]


class Config(CoreConfig):
    """The `patterns` of as many heads, `weight` of the loss; `dropout` drops weights."""

    patterns: tuple[Pattern, ...] = ("previous", "first")
    weight: float = 1.0
    dropout: Rate = 0.0

    def core(self, width: int) -> "Guided":
        """The mechanism."""
        if not 0 < len(self.patterns) <= self.heads:
            raise UserError(
                f"guided: {len(self.patterns)} patterns do not fit {self.heads} heads; "
                "give one for each head that is guided, at least one"
            )
        return Guided(self.patterns, self.weight, self.dropout)


class Guided(Softmax):
    """The loss is added in training alone; what is attended to does not change."""

    counts = True
    cross = False

    def __init__(self, patterns: tuple[Pattern, ...], weight: float = 1.0, dropout: float = 0.0):
        super().__init__(dropout)
        self.patterns, self.weight = patterns, weight

    def honours(self, rule: Rule) -> bool:
        """Any, but nobody can be guided to a token that the order of time hides."""
        return not (isinstance(rule, Causal) and "next" in self.patterns)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """Dense; the loss goes to the trip."""
        if self.training and scope.trip is not None:
            scope.trip.aux.append(self.weight * self.loss(q, k, scope))
        return super().attend(q, k, v, scope)

    def loss(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """How far the guided heads are from their patterns."""
        weights = self.weights(q, k, scope)[:, : len(self.patterns)]  # B P T S, P guided heads
        want = torch.stack([wanted(pattern, scope) for pattern in self.patterns], 1)
        allow, trip = scope.allow(), scope.trip
        want = want if allow is None else want & allow
        led = want.any(-1)  # B P T
        if trip is not None and trip.ok is not None:
            led = led & trip.ok[:, None]
        return mean_where((weights - want.to(weights.dtype)).square().sum(-1), led)


def wanted(pattern: Pattern, scope: Scope) -> Tensor:
    """True at the key that the pattern names: B T S."""
    q_pos = scope.q_pos
    place = {"previous": q_pos - 1, "next": q_pos + 1, "first": torch.zeros_like(q_pos)}[pattern]
    return scope.k_pos[:, None, :] == place[:, :, None]
