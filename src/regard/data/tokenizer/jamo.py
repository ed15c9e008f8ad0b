"""BPE over the letters of Korean syllables: 한 is ᄒ ᅡ ᆫ, and an ending such as ㄴ다 can be a piece.

Text in other scripts is treated as `bpe` treats it; decoding puts the syllables together again.
"""

from collections.abc import Iterable, Sequence

from pydantic import Field

from regard import recipe
from regard.data.tokenizer._training import Lesson
from regard.data.tokenizer.base import Facts, Tokenizer
from regard.data.tokenizer.bpe import learn
from regard.recipe import Rate


class Config(recipe.Config):
    """The settings of `bpe`."""

    vocab: int = Field(8000, ge=1)
    dropout: Rate = 0.0
    min_frequency: int = Field(2, ge=1)

    def train(self, texts: Iterable[str], specials: Sequence[str] = ()) -> Tokenizer:
        """Learn the merges of these texts; the same texts give the same tokenizer."""
        lesson = Lesson(texts, "jamo", self.vocab, specials)
        facts = Facts(kind="jamo", spelling="jamo", specials=lesson.specials, dropout=self.dropout)
        return Tokenizer(learn(lesson, self.vocab, self.min_frequency), facts)
