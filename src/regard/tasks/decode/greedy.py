"""The likeliest token, step by step."""

from typing import Any

from regard.search.base import Hypothesis, Limits, Step
from regard.search.greedy import greedy
from regard.tasks.decode.base import Ask, DecodeConfig


class Config(DecodeConfig):
    """Nothing more to set."""

    def run(self, step: Step, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """One hypothesis a sentence."""
        ask.only("greedy")
        return [[h] for h in greedy(step, state, limits, self.guards())]
