"""Tokens by chance, each by itself: exactly as many as the rate says.

BERT, Devlin et al. 2019, 3.1 (https://arxiv.org/abs/1810.04805).
"""

import numpy as np

from regard.tasks.masking.base import MaskingConfig


class Config(MaskingConfig):
    """`rate` alone."""

    def words(self, starts: np.ndarray) -> np.ndarray:
        """Every token."""
        return np.ones_like(starts)
