"""The built-in Korean-English sentences, made by a grammar when asked for; they need no files."""

from pydantic import Field

from regard import recipe
from regard.data import phrasebook
from regard.data.corpus.base import Row, languages
from regard.recipe import UserError, nearest


class Config(recipe.Config):
    """How many training sentences to make, and from which seed; held-out ones are always the same.

    No held-out sentence is ever made for training, whatever the seed.
    """

    size: int = Field(30_000, ge=1)
    seed: int = 1

    def read(self, where: str | None, split: str, direction: str) -> list[Row]:
        """All rows of a split; `combos` holds unseen combinations of known words, `long` long ones.

        `where` is not used. Raises UserError for another split or direction.
        """
        if split not in phrasebook.SPLITS:
            raise UserError(f"phrasebook: no split {split!r}; {nearest(split, phrasebook.SPLITS)}")
        if set(languages(direction)) != {"ko", "en"}:
            raise UserError(f"phrasebook: no direction {direction!r}; one of ko-en, en-ko")
        train = split == "train"
        pairs = phrasebook.pairs(split, self.size, self.seed) if train else phrasebook.pairs(split)
        if direction == "ko-en":
            return [Row(pair.ko, pair.en, direction) for pair in pairs]
        return [Row(pair.en, pair.ko, direction) for pair in pairs]
