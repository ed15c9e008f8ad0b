"""Tokens are left out, and nothing tells where.

Token deletion of BART, Lewis et al. 2020, 2.2 (https://arxiv.org/abs/1910.13461).
"""

import numpy as np
from pydantic import Field

from regard.tasks.noising.base import Known, NoisingConfig, Pair


class Config(NoisingConfig):
    """`rate`: the share of tokens left out; one always stays."""

    rate: float = Field(0.15, gt=0, lt=1)

    def __call__(self, pair: Pair, known: Known, rng: np.random.Generator) -> Pair:
        """Exactly as many as the rate says."""
        n = len(pair.source)
        gone = min(max(round(self.rate * n), 1), n - 1)
        stay = np.sort(rng.permutation(n)[gone:])
        return Pair(pair.source[stay], pair.target)
