"""The sentences of a text come in any order.

Sentence permutation of BART, Lewis et al. 2020, 2.2 (https://arxiv.org/abs/1910.13461). A text of
one sentence stays as it is, so it is of use for long texts, or rows that are packed.
"""

import numpy as np

from regard.tasks.noising.base import Known, NoisingConfig, Pair


class Config(NoisingConfig):
    """Nothing to set."""

    def __call__(self, pair: Pair, known: Known, rng: np.random.Generator) -> Pair:
        """A sentence ends where a token ends like one and the next begins a word."""
        text = pair.source
        ends = np.flatnonzero(known.ends[text[:-1]] & known.begins[text[1:]]) + 1
        sentences = np.split(text, ends)
        order = rng.permutation(len(sentences))
        return Pair(np.concatenate([sentences[i] for i in order]), pair.target)
