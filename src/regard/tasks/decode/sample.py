"""Sampling with a temperature, top-k or top-p; the same seed gives the same answers."""

from typing import Any

import torch
from pydantic import Field

from regard.search.base import Hypothesis, Limits, Step
from regard.search.sample import sample
from regard.tasks.decode.base import Ask, DecodeConfig


class Config(DecodeConfig):
    """`top_k` 0 and `top_p` 1 leave the distribution whole."""

    temperature: float = Field(1.0, gt=0)
    top_k: int = Field(0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = 1

    def run(self, step: Step, state: Any, limits: Limits, ask: Ask) -> list[list[Hypothesis]]:
        """`ask.best` draws a sentence."""
        ask.only("sample", "n-best")
        return sample(
            step, state, limits, samples=ask.best, temperature=self.temperature, top_k=self.top_k,
            top_p=self.top_p, generator=torch.Generator().manual_seed(self.seed),
            processors=self.guards(),
        )  # fmt: skip
