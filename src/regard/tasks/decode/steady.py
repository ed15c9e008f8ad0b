"""Beam search that stays full, with the length penalty of `transformers`: see `search/steady`."""

from typing import Any

from pydantic import Field

from regard.search.base import Hypothesis, Limits, Step
from regard.search.steady import steady
from regard.tasks.decode.base import Ask, DecodeConfig


class Config(DecodeConfig):
    """`alpha`: a score is divided by its length to this power, `lead` tokens given beforehand
    counted. `sure`: look on until nothing better can come.
    """

    size: int = Field(4, ge=1)
    alpha: float = Field(1.0, ge=0)
    lead: int = Field(0, ge=0)
    sure: bool = False

    @property
    def width(self) -> int:
        """The beam."""
        return self.size

    def run(self, step: Step, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """Up to `ask.best` hypotheses a sentence."""
        ask.only("steady", "n-best")
        return steady(
            step, state, limits, size=max(self.size, ask.best), alpha=self.alpha, lead=self.lead,
            sure=self.sure, n_best=ask.best, processors=self.guards(),
        )  # fmt: skip
