"""Diverse beam search: groups that keep out of each other's way.

Vijayakumar et al. 2016 (https://arxiv.org/abs/1610.02424, 3).
"""

from typing import Any

from pydantic import Field, model_validator

from regard.search.base import Hypothesis, Limits, Step
from regard.search.diverse import diverse
from regard.tasks.decode.base import Ask, DecodeConfig


class Config(DecodeConfig):
    """`size` hypotheses in `groups` of equal size; `strength` of the Hamming penalty."""

    size: int = Field(6, ge=1)
    groups: int = Field(3, ge=1)
    strength: float = Field(0.5, ge=0)
    alpha: float = Field(1.0, ge=0)

    @model_validator(mode="after")
    def even(self) -> "Config":
        """Refuse groups that cannot share the beam."""
        if self.size % self.groups:
            raise ValueError(f"size {self.size} is no multiple of groups {self.groups}")
        return self

    @property
    def width(self) -> int:
        """The beam."""
        return self.size

    def run(self, step: Step, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """The best of each group, equal ones once."""
        ask.only("diverse", "n-best")
        found = diverse(
            step, state, limits, size=self.size, groups=self.groups, strength=self.strength,
            alpha=self.alpha, processors=self.guards(),
        )  # fmt: skip
        return [row[: ask.best] for row in found]
