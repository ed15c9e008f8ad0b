"""Minimum Bayes risk: of many samples, the one most like all others by chrF (Kumar & Byrne 2004; Eikema & Aziz 2020)."""

from dataclasses import replace
from typing import Any

import torch
from pydantic import Field

from regard.evaluate.scores import chrf_matrix
from regard.search.base import Hypothesis, Limits, Step
from regard.search.mbr import mbr
from regard.search.sample import sample
from regard.tasks.decode.base import Ask, DecodeConfig, texts


class Config(DecodeConfig):
    """`samples` drawn by top-p; the ranking of the answer is its expected chrF (0 to 100)."""

    samples: int = Field(32, ge=2)
    top_p: float = Field(0.9, gt=0, le=1)
    seed: int = 1

    def run(self, step: Step, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """One hypothesis a sentence."""
        ask.only("mbr")
        assert ask.decode is not None
        drawn = sample(
            step, state, limits, samples=self.samples, top_p=self.top_p,
            generator=torch.Generator().manual_seed(self.seed), processors=self.guards(),
        )  # fmt: skip
        found = []
        for row in drawn:
            candidates = texts(ask.decode, row)
            choice = mbr([candidates], chrf_matrix)[0]
            found.append([replace(row[choice.place], ranking=choice.utility)])
        return found

