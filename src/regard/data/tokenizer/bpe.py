"""Byte-pair encoding: Sennrich, Haddow & Birch 2016, section 3.2 (https://arxiv.org/abs/1508.07909).

With bytes for what the alphabet lacks, and BPE dropout (see `_sampling`) while training.
"""

import json
from collections.abc import Iterable, Sequence

import tokenizers
from pydantic import Field
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from regard import recipe
from regard.data.tokenizer._training import CUTS, Lesson, cutter
from regard.data.tokenizer.base import Facts, Tokenizer, spell_out
from regard.recipe import Rate


class Config(recipe.Config):
    """Size of the vocabulary, specials and 256 bytes among it; how often a merge is left out.

    A character or pair seen less than `min_frequency` times gets no piece.
    """

    vocab: int = Field(8000, ge=1)
    dropout: Rate = 0.0
    min_frequency: int = Field(2, ge=1)

    def train(self, texts: Iterable[str], specials: Sequence[str] = ()) -> Tokenizer:
        """Learn the merges of these texts; the same texts give the same tokenizer."""
        lesson = Lesson(texts, "spaced", self.vocab, specials)
        facts = Facts(kind="bpe", spelling="spaced", specials=lesson.specials, dropout=self.dropout)
        return Tokenizer(learn(lesson, self.vocab, self.min_frequency), facts)


def learn(lesson: Lesson, vocab: int, min_frequency: int, cuts: str = CUTS) -> tokenizers.Tokenizer:
    """A BPE model of a lesson, whose pieces cross no cut."""
    trainer = BpeTrainer(
        vocab_size=vocab,
        min_frequency=min_frequency,
        special_tokens=lesson.reserved,
        show_progress=False,
    )
    school = tokenizers.Tokenizer(BPE())
    school.pre_tokenizer = cutter(cuts)
    school.train_from_iterator(lesson.runs(lesson.alphabet(min_frequency)), trainer)
    # Made anew from vocabulary and merges: what the trainer leaves behind would take a "<pad>"
    # that somebody typed for the special one.
    learnt = json.loads(school.to_str())["model"]
    names = sorted(learnt["vocab"], key=learnt["vocab"].__getitem__)
    model = spell_out(lesson.specials, names, [(left, right) for left, right in learnt["merges"]])
    model.pre_tokenizer = cutter(cuts)
    return model
