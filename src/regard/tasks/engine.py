"""An engine: something faster than our own search that may answer rows in its place."""

from collections.abc import Sequence
from typing import Protocol

from regard.search.base import Hypothesis, Limits
from regard.tasks.decode.base import Ask, DecodeConfig


class Engine(Protocol):
    """What a translator needs to know of one: an exported model, opened.

    Its tokens and scores mean what those of our own search mean: no bos, no eos; the sum of the
    model's log-probabilities (eos counted when finished), and the same `ranking`.
    """

    name: str  # as people read it: "ctranslate2 int8"

    def takes(self, decode: DecodeConfig, ask: Ask, prefixes: Sequence[Sequence[int]]) -> bool:
        """Can it do what is asked, exactly?"""
        ...

    def decoded(
        self, sources: Sequence[Sequence[int]], decode: DecodeConfig, ask: Ask, limits: Limits
    ) -> list[list[Hypothesis] | None]:
        """Up to `ask.best` hypotheses for each encoded source (eos included), best first.

        Called only for what it `takes`. None: a row that it could not do exactly (too long, or a
        guard would have acted); our own search does those. `limits` holds for each row the most
        tokens of an answer, the forbidden ids, those of them that it may have once, and the prefix;
        its `bos` is a plain id.
        """
        ...
