"""What a masking is: which tokens of each row are to be told from the others.

Rows lie one behind the other: `n` tokens in all, of `W` words (or what else is hidden whole).
"""

import numpy as np
from pydantic import Field

from regard.recipe import Config as Settings


class MaskingConfig(Settings):
    """`rate`: the share of a row's tokens.

    Words of each row are taken in an order, the kind's, until half of the next one would be too
    many; one is taken in any case. So a row is within half a word of its rate.
    """

    rate: float = Field(0.15, gt=0, lt=1)

    def words(self, starts: np.ndarray) -> np.ndarray:
        """Which tokens (n,) begin what is hidden whole; `starts`: which begin a written word."""
        return starts

    def order(self, words: int, rng: np.random.Generator) -> np.ndarray:
        """Numbers (W,): of a row, words of low ones are hidden first."""
        return rng.random(words)

    def chosen(
        self, starts: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Which tokens (n,) of rows of these lengths, none of them 0, are to be told."""
        row = np.repeat(np.arange(len(lengths)), lengths)  # n
        begins = self.words(starts).copy()
        begins[np.cumsum(lengths) - lengths] = True  # a row's first token is a word's
        first = begins.nonzero()[0]  # W
        size = np.diff(first, append=len(row))
        order = np.lexsort((self.order(len(first), rng), row[first]))
        size, row = size[order], row[first][order]  # by row, then as they are taken
        until = np.cumsum(size)
        opens = np.diff(row, prepend=-1) > 0  # the first to be taken of each row
        before = np.repeat((until - size)[opens], np.bincount(row))
        wanted = np.rint(self.rate * lengths)[row]
        taken = np.empty(len(first), bool)
        taken[order] = opens | (until - before - size / 2 <= wanted)
        return np.repeat(taken, np.diff(first, append=len(starts)))
