"""Whatever chance brings together, of like length."""

import numpy as np

from regard.data.batching import plan
from regard.tasks.negatives.base import NegativesConfig


class Config(NegativesConfig):
    """Nothing to set."""

    def batches(
        self, lengths: np.ndarray, known: np.ndarray | None, budget: int, seed: int, turn: int
    ) -> list[np.ndarray]:
        """As for every other task."""
        return plan(lengths, budget, seed=seed, epoch=turn)
