"""Spans of any length become one `<mask>` each, and so does nothing at all, here and there.

Text infilling of BART, Lewis et al. 2020, 2.2 (https://arxiv.org/abs/1910.13461): lengths are
drawn from a Poisson distribution; a span of length 0 is a mask put in. `n` tokens of a text.
"""

import numpy as np
from pydantic import Field

from regard.tasks.noising.base import MASK, Known, NoisingConfig, Pair


class Config(NoisingConfig):
    """`rate`: the share of tokens that are masked, `mean`: of the lengths."""

    rate: float = Field(0.3, gt=0, lt=1)
    mean: float = Field(3.0, ge=1)

    def specials(self, longest: int) -> tuple[str, ...]:
        """The mask."""
        return (MASK,)

    def __call__(self, pair: Pair, known: Known, rng: np.random.Generator) -> Pair:
        """Exactly as many tokens as the rate says, the last span cut short for it."""
        text = pair.source
        lengths = self.lengths(max(round(self.rate * len(text)), 1), rng)
        kept = len(text) - sum(lengths)
        spans = np.zeros(kept + len(lengths), bool)  # kept tokens and spans, in any order
        spans[rng.permutation(len(spans))[: len(lengths)]] = True
        source, at, left = [], 0, iter(lengths)
        for span in spans.tolist():
            source.append(known.ids[MASK] if span else text[at])
            at += next(left) if span else 1
        return Pair(np.array(source, text.dtype), pair.target)

    def lengths(self, total: int, rng: np.random.Generator) -> list[int]:
        """Lengths of spans that come to so much together."""
        found: list[int] = []
        while (left := total - sum(found)) > 0:
            found.append(min(int(rng.poisson(self.mean)), left))
        return found
