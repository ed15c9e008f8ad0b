"""Pieces of programs: byte-pair encoding whose words are those of a programming language.

A name or number is a word, with the space before it; so are signs that follow each other, and a
line break with the indentation behind it, which tells how deep the next line is.
"""

from collections.abc import Iterable, Sequence

from regard.data.tokenizer import bpe
from regard.data.tokenizer._training import Lesson
from regard.data.tokenizer.base import Facts, Tokenizer

CUTS = "|".join(
    (
        r"\n *",
        r" ?[\p{L}_][\p{L}\p{M}\p{N}_]*",
        r" ?\p{N}+",
        r" ?[^\s\p{L}\p{N}_]+",
        r"\s",
    )
)


class Config(bpe.Config):
    """As those of `bpe`."""

    def train(self, texts: Iterable[str], specials: Sequence[str] = ()) -> Tokenizer:
        """Learn the merges of these texts; the same texts give the same tokenizer."""
        lesson = Lesson(texts, "plain", self.vocab, specials)
        facts = Facts(kind="code", spelling="plain", specials=lesson.specials, dropout=self.dropout)
        return Tokenizer(bpe.learn(lesson, self.vocab, self.min_frequency, CUTS), facts)
