"""Neighbouring words together, as many as a geometric distribution says.

SpanBERT, Joshi et al. 2020, 3.1 (https://arxiv.org/abs/1907.10529); its spans begin anywhere, ours
lie side by side, so that words at the ends of a row are about as likely to be hidden as others. The
last span taken of a row is cut, from either end, where the rate is reached.
"""

import numpy as np
from pydantic import Field

from regard.tasks.masking.base import MaskingConfig


class Config(MaskingConfig):
    """`end`: how probable a span is to end after each word; it has at most `longest`."""

    end: float = Field(0.2, gt=0, le=1)
    longest: int = Field(10, ge=1)

    def order(self, words: int, rng: np.random.Generator) -> np.ndarray:
        """The same whole number for all words of a span, which follow forwards or backwards."""
        share = (1 - self.end) ** np.arange(self.longest)  # of each length, up to a factor
        lengths = rng.choice(self.longest, words, p=share / share.sum()) + 1
        span = np.repeat(np.arange(words), lengths)[:words]
        within = np.arange(words) - (np.cumsum(lengths) - lengths)[span]
        back = (rng.random(words) < 0.5)[span]
        within = np.where(back, self.longest - 1 - within, within)
        return rng.permutation(words)[span] + within / self.longest
