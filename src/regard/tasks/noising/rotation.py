"""The text begins anywhere, and what stood before comes behind its end.

Document rotation of BART, Lewis et al. 2020, 2.2 (https://arxiv.org/abs/1910.13461).
"""

import numpy as np

from regard.tasks.noising.base import Known, NoisingConfig, Pair


class Config(NoisingConfig):
    """Nothing to set."""

    def __call__(self, pair: Pair, known: Known, rng: np.random.Generator) -> Pair:
        """Every token is as likely to be the first."""
        at = int(rng.integers(len(pair.source)))
        return Pair(np.roll(pair.source, -at), pair.target)
