"""Greedy search: the likeliest token, each time."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from regard.search.base import Hypothesis, Limits, Processor, Step, top
from regard.search.follow import follow


def greedy(step: Step, state: Any, limits: Limits, processors: Sequence[Processor] = ()
           ) -> list[Hypothesis]:
    """One hypothesis per sentence, ranked by its score; equal tokens go to the lower id."""
    return follow(step, state, limits, likeliest, processors=processors)


def likeliest(logprobs: Tensor, place: Tensor, t: int) -> Tensor:
    """(R, V) -> (R,)"""
    return top(logprobs, 1)[1][:, 0]
