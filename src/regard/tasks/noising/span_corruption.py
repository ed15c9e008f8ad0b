"""Spans become marks of their own in the source; the target says behind each mark what it was.

T5, Raffel et al. 2020, 3.1.4 and 3.3.4 (https://arxiv.org/abs/1910.10683): "Thank you <0> me to
your party <1> week" -> "<0> for inviting <1> last <2>". `n` tokens of a text.
"""

import numpy as np
from pydantic import Field

from regard.tasks.noising.base import Known, NoisingConfig, Pair


class Config(NoisingConfig):
    """`rate`: the share of tokens in spans, `mean`: tokens of a span; both hold of every text as
    exactly as whole numbers can.
    """

    rate: float = Field(0.15, gt=0, lt=1)
    mean: float = Field(3.0, ge=1)

    def specials(self, longest: int) -> tuple[str, ...]:
        """A mark for each span, and one that ends the target."""
        return tuple(f"<span{i}>" for i in range(self.counts(longest)[1] + 1))

    def counts(self, n: int) -> tuple[int, int]:
        """Tokens in spans, and spans."""
        hidden = min(max(round(self.rate * n), 1), max(n - 1, 1))
        return hidden, max(min(round(hidden / self.mean), n - hidden + 1), 1)

    def __call__(self, pair: Pair, known: Known, rng: np.random.Generator) -> Pair:
        """Spans anywhere, with something kept between two of them."""
        text = pair.source
        hidden, spans = self.counts(len(text))
        marks = [[known.ids[f"<span{i}>"]] for i in range(spans + 1)]
        kept = len(text) - hidden
        before = np.sort(rng.permutation(kept + 1)[:spans])  # kept tokens before each span
        lengths = np.empty(2 * spans + 1, np.int64)
        lengths[::2] = np.diff([0, *before, kept])
        lengths[1::2] = parted(hidden, spans, rng)
        stretches = np.split(text, lengths.cumsum()[:-1])
        source = [part for i in range(spans) for part in (stretches[2 * i], marks[i])]
        target = [part for i in range(spans) for part in (marks[i], stretches[2 * i + 1])]
        joined = np.concatenate([*source, stretches[-1]]), np.concatenate([*target, marks[-1]])
        return Pair(*(side.astype(text.dtype) for side in joined))


def parted(total: int, parts: int, rng: np.random.Generator) -> np.ndarray:
    """So many in so many parts of at least one each, every way as likely."""
    cuts = np.sort(rng.permutation(total - 1)[: parts - 1]) + 1
    return np.diff([0, *cuts, total])
