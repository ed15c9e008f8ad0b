"""What a view is: texts become frames, frames a batch, and rules say who sees whom in it."""

import random
from collections.abc import Sequence
from typing import Any

from regard.attention.scope import Rule
from regard.data.reading import Batch, Texts, collate, framed
from regard.data.tokenizer.base import Tokenizer
from regard.recipe import Config as Settings


class ViewConfig(Settings):
    """A kind overrides what it does otherwise than plain text."""

    @property
    def varied(self) -> bool:
        """Is a training row read otherwise each turn?"""
        return False

    def text(self, text: str, rng: random.Random | None = None) -> str:
        """The text as it is cut into tokens; by chance if there is an rng."""
        return text

    def frames(
        self, tokenizer: Tokenizer, rows: Sequence[Texts], longest: int,
        rng: random.Random | None = None,
    ) -> list[Any]:  # fmt: skip
        """The rows in at most `longest` tokens of text each."""
        seen = [tuple(self.text(text, rng) for text in texts) for texts in rows]
        return framed(tokenizer, seen, longest, rng)

    def collate(self, frames: Sequence[Any]) -> Batch:
        """Rows of unequal length, padded on the right."""
        return collate(frames)

    def rules(self, batch: Batch) -> tuple[Rule, ...]:
        """Who may see whom in the batch, beside padding."""
        return ()
