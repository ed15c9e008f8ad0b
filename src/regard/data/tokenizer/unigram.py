"""A unigram language model over pieces: Kudo 2018, section 3.2 (https://arxiv.org/abs/1804.10959).

The training is ours, because the one of `tokenizers` gives other pieces each time it is run on the
same text; segmenting is theirs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tokenizers
from pydantic import Field
from tokenizers.models import Unigram

from regard import recipe
from regard.data.tokenizer._lattice import LONGEST, Lattice
from regard.data.tokenizer._training import Lesson, cutter
from regard.data.tokenizer.base import UNK, Facts, Tokenizer

WORDS = 200_000  # the most frequent distinct words are learnt from
LONG_WORD = 64
SEEDS = 8  # pieces to begin with, in multiples of those to end with
SHRINK = 0.75  # share of the pieces that stays in each round
STEPS = 2  # of expectation-maximisation in each round


class Config(recipe.Config):
    """Size of the vocabulary, specials and 256 bytes among it.

    A character or string seen less than `min_frequency` times gets no piece.
    """

    vocab: int = Field(8000, ge=1)
    min_frequency: int = Field(2, ge=1)

    def train(self, texts: Iterable[str], specials: Sequence[str] = ()) -> Tokenizer:
        """Learn pieces and their probabilities; the same texts give the same tokenizer."""
        lesson = Lesson(texts, "spaced", self.vocab, specials)
        alphabet = lesson.alphabet(self.min_frequency)
        cut = cutter().pre_tokenize_str
        counts = Counter(word for run in lesson.runs(alphabet) for word, _ in cut(run))
        scores = learn(counts, alphabet, lesson.room, self.min_frequency)
        # A reserved name can never be met inside a word, so its score does not matter.
        vocab = [(name, 0.0) for name in lesson.reserved] + list(scores.items())
        model = tokenizers.Tokenizer(Unigram(vocab, UNK, byte_fallback=True))
        model.pre_tokenizer = cutter()
        facts = Facts(kind="unigram", spelling="spaced", specials=lesson.specials)
        return Tokenizer(model, facts)


def learn(
    counts: Mapping[str, int], alphabet: Sequence[str], room: int, min_frequency: int
) -> dict[str, float]:
    """Pieces with their log-probabilities, most probable first.

    Begins with many strings; again and again fits their probabilities and drops those whose loss
    would harm the likelihood of the text least. Single characters stay.
    """
    known = ((word, n) for word, n in counts.items() if len(word) <= LONG_WORD)
    words = dict(sorted(known, key=lambda item: (-item[1], item[0]))[:WORDS])
    strings = substrings(words)
    often = [s for s, n in strings.items() if len(s) > 1 and n >= min_frequency]
    often = sorted(often, key=lambda s: (-strings[s] * len(s), s))[: room * SEEDS]
    names = np.array([*sorted(alphabet), *often], object)
    scores = log_share(np.array([strings[s] for s in names], float))
    text = Lattice(words, names)
    while True:
        for _ in range(STEPS):
            expected = text.expect(scores)
            scores = log_share(expected)
        if len(names) <= room:
            order = np.argsort(-scores, kind="stable")
            return {names[i]: float(scores[i]) for i in order}
        instead = Lattice(dict.fromkeys(names, 1), names).otherwise(scores)
        loss = np.full(len(names), np.inf)
        more = slice(len(alphabet), None)
        loss[more] = expected[more] * (scores - instead)[more]
        number = max(room, int(len(names) * SHRINK))
        stay = np.sort(np.argsort(-loss, kind="stable")[:number])
        names, scores = names[stay], scores[stay]
        text.keep(stay)


def substrings(words: Mapping[str, int]) -> Counter[str]:
    """How often each string of at most `LONGEST` characters is inside the words."""
    found: Counter[str] = Counter()
    for word, n in words.items():
        for start in range(len(word)):
            for end in range(start + 1, min(start + LONGEST, len(word)) + 1):
                found[word[start:end]] += n
    return found


def log_share(counts: np.ndarray) -> np.ndarray:
    """Logarithm of each one's share, with a little for those that have none."""
    counts = counts + 1e-3
    return np.log(counts / counts.sum())
