"""What a noising is: a text's tokens become what is read, and what is to be written.

`n` tokens of a text, without bos and eos; `V` vocabulary. All chance comes from `rng`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from regard.recipe import Config as Settings

MASK = "<mask>"


class Pair(NamedTuple):
    """What is read, and what is to be written."""

    source: np.ndarray
    target: np.ndarray


class Known(NamedTuple):
    """What of a tokenizer noise depends on."""

    ids: Mapping[str, int]  # of the specials that the kinds ask for
    begins: np.ndarray  # V, does this token begin a word?
    ends: np.ndarray  # V, does it end like a sentence?


class NoisingConfig(Settings):
    """Settings of a kind; the config is the noise. Several are applied one after the other."""

    def specials(self, longest: int) -> tuple[str, ...]:
        """Names of the tokens that it puts into a text of so many."""
        return ()

    def __call__(self, pair: Pair, known: Known, rng: np.random.Generator) -> Pair:
        """The pair with noise. At first both sides are the text."""
        raise NotImplementedError
