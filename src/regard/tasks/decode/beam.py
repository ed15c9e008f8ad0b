"""Beam search, and its constrained form where a request names phrases that must appear."""

from typing import Any

from pydantic import Field

from regard.search.base import Hypothesis, Limits, Step
from regard.search.beam import beam
from regard.search.constraints import constrained
from regard.tasks.decode.base import Ask, DecodeConfig


class Config(DecodeConfig):
    """`alpha`: length penalty (Wu et al. 2016, eq. 14; 0: none)."""

    size: int = Field(5, ge=1)
    alpha: float = Field(1.0, ge=0)

    @property
    def width(self) -> int:
        """The beam."""
        return self.size

    def run(self, step: Step, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """Up to `ask.best` hypotheses a sentence."""
        size, guards = max(self.size, ask.best), self.guards()
        if ask.phrases and any(ask.phrases):
            size = max(size, 10)
            return constrained(
                step, state, limits, ask.phrases, size=size, alpha=self.alpha, n_best=ask.best,
                processors=guards,
            )  # fmt: skip
        return beam(
            step, state, limits, size=size, alpha=self.alpha, n_best=ask.best,
            processors=guards, trace=ask.trace,
        )  # fmt: skip
