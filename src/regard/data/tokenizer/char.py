"""One piece for each character of the training text, bytes for all others."""

from collections.abc import Iterable, Sequence

from pydantic import Field

from regard import recipe
from regard.data.tokenizer._training import Lesson
from regard.data.tokenizer.base import Facts, Tokenizer, spell_out


class Config(recipe.Config):
    """At most `vocab` ids, specials and 256 bytes among them; a rarer character gets no piece."""

    vocab: int = Field(8000, ge=1)
    min_frequency: int = Field(2, ge=1)

    def train(self, texts: Iterable[str], specials: Sequence[str] = ()) -> Tokenizer:
        """Collect the characters of these texts."""
        lesson = Lesson(texts, "plain", self.vocab, specials)
        model = spell_out(lesson.specials, sorted(lesson.alphabet(self.min_frequency)), [])
        return Tokenizer(model, Facts(kind="char", spelling="plain", specials=lesson.specials))
