"""Tokens by chance, each by itself.

BERT, Devlin et al. 2019, 3.1 (https://arxiv.org/abs/1810.04805).
"""

import numpy as np

from regard.tasks.masking.base import MaskingConfig


class Config(MaskingConfig):
    """`rate` alone."""

    def chosen(self, starts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Exactly as many as the rate says."""
        where = np.zeros(len(starts), bool)
        where[rng.permutation(len(starts))[: self.count(len(starts))]] = True
        return where
