"""What a masking is: which tokens of a row are to be told from the others."""

import numpy as np
from pydantic import Field

from regard.recipe import Config as Settings


class MaskingConfig(Settings):
    """`rate`: the share of a row's tokens, at least one."""

    rate: float = Field(0.15, gt=0, lt=1)

    def chosen(self, starts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Where (n,) bool; `starts` (n,): the tokens that begin a word, the first one always."""
        raise NotImplementedError

    def count(self, tokens: int) -> int:
        """How many of so many."""
        return max(1, round(self.rate * tokens))
