"""What a choice of negatives is: the rows of a corpus, cut into batches.

`N` rows, `V` vocabulary.
"""

from collections.abc import Sequence

import numpy as np

from regard.recipe import Config as Settings

Rows = Sequence[np.ndarray]  # the token ids of each row, both texts together


class NegativesConfig(Settings):
    """What a kind learns of the rows at the beginning, it is given back every turn."""

    def learn(self, rows: Rows, vocabulary: int) -> np.ndarray | None:
        """What is to be known of the rows."""
        return None

    def batches(
        self, lengths: np.ndarray, known: np.ndarray | None, budget: int, seed: int, turn: int
    ) -> list[np.ndarray]:
        """Row numbers of each batch, every row once; lengths: N 2, tokens of both texts."""
        raise NotImplementedError
