"""An ensemble: several models step together and their probabilities are averaged.

`M` members, `R` rows, `V` vocabulary.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from regard.search.base import Step


class States(tuple[Any, ...]):
    """The members' states, reordered as one."""

    def reorder(self, index: Tensor) -> "States":
        return States(state.reorder(index) for state in self)


class Ensemble:
    """A step made of steps: `search(Ensemble([a, b]), States([state_a, state_b]), ...)`.

    The log of the mean of the probabilities; all members share the vocabulary.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        if not steps:
            raise ValueError("an ensemble of no models; give at least one step")
        self.steps = tuple(steps)

    def __call__(self, tokens: Tensor, states: States) -> tuple[Tensor, States]:
        """(R, 1) -> (R, V). Raises ValueError when steps and states differ in number."""
        if len(states) != len(self.steps):
            raise ValueError(f"{len(states)} states for {len(self.steps)} models; give each one")
        pairs = [step(tokens, state) for step, state in zip(self.steps, states, strict=True)]
        logprobs = torch.stack([logprobs for logprobs, _ in pairs])  # (M, R, V)
        mean = logprobs.logsumexp(0) - math.log(len(pairs))
        return mean, States(state for _, state in pairs)
