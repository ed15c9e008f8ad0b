"""Minimum Bayes risk: of many samples the one most like all others by chrF.

Kumar & Byrne 2004; with samples, Eikema & Aziz 2020 (https://arxiv.org/abs/2005.10283, 5.2).
"""

from dataclasses import replace
from typing import Any

import torch
from pydantic import Field

from regard.evaluate.scores import chrf_matrix
from regard.search.base import Hypothesis, Limits, Step
from regard.search.mbr import mbr
from regard.search.sample import sample
from regard.tasks.decode.base import Ask, DecodeConfig


class Config(DecodeConfig):
    """`samples` drawn by top-p; the ranking of the answer is its expected chrF (0 to 100)."""

    samples: int = Field(32, ge=2)
    top_p: float = Field(0.9, gt=0, le=1)
    seed: int = 1

    @property
    def width(self) -> int:
        """The samples."""
        return self.samples

    def run(self, step: Step, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """One hypothesis a sentence."""
        ask.only("mbr")
        assert ask.decode is not None
        drawn = sample(
            step, state, limits, samples=self.samples, top_p=self.top_p,
            generator=torch.Generator().manual_seed(self.seed), processors=self.guards(),
        )  # fmt: skip
        choices = mbr([ask.decode([h.tokens for h in row]) for row in drawn], chrf_matrix)
        return [
            [replace(row[choice.place], ranking=choice.utility)]
            for row, choice in zip(drawn, choices, strict=True)
        ]
