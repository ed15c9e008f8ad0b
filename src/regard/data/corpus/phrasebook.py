"""The built-in Korean-English sentences, made by a grammar when asked for; they need no files."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pydantic import Field

from regard import recipe
from regard.data import phrasebook
from regard.data.corpus.base import Row, languages
from regard.data.phrasebook.splits import drafts
from regard.recipe import UserError, nearest


class Config(recipe.Config):
    """How many training sentences to make, and from which seed; held-out ones are always the same.

    No held-out sentence is ever made for training, whatever the seed.
    """

    size: int = Field(30_000, ge=1)
    seed: int = 1

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The grammar."""
        return sorted(Path(phrasebook.__file__).parent.glob("*.py"))

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All rows of a split; `combos` holds unseen combinations of known words, `long` long ones.

        `where` is not used. Raises UserError for another split or direction.
        """
        if split not in phrasebook.SPLITS:
            raise UserError(f"phrasebook: no split {split!r}; {nearest(split, phrasebook.SPLITS)}")
        if set(languages(direction)) != {"ko", "en"}:
            raise UserError(f"phrasebook: no direction {direction!r}; one of ko-en, en-ko")
        pairs = (draft.pair for draft in islice(drafts("train", self.seed), self.size))
        for pair in pairs if split == "train" else phrasebook.pairs(split):
            sides = (pair.ko, pair.en) if direction == "ko-en" else (pair.en, pair.ko)
            yield Row(*sides, direction)
