"""BPE dropout: other segmentations of the same words, drawn from a generator that the caller owns.

Provilkov, Emelianenko & Voita 2020, "BPE-Dropout", section 3 (https://arxiv.org/abs/1910.13267):
whenever the next merge is chosen, each candidate is left out with probability p.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import tokenizers

VARIANTS = 4  # draws for each distinct word in one call; its occurrences choose among them
LONGEST = 64  # a longer "word" (a URL, a rule of dashes) keeps its one segmentation


class Sampler:
    """Segments words by the merges of a BPE model, each left out with probability `dropout`."""

    def __init__(self, model: tokenizers.Tokenizer, dropout: float):
        self.model, self.dropout = model, dropout
        merges = json.loads(model.to_str())["model"]["merges"]
        self.rank = {(left, right): i for i, (left, right) in enumerate(merges)}
        self.vocab = model.get_vocab(with_added_tokens=False)
        self.never = len(self.rank)

    def encode(self, written: Sequence[str], rng: random.Random) -> list[list[int]]:
        """Ids of each text; the same texts and the same state of `rng` give the same ids."""
        cut = self.model.pre_tokenizer.pre_tokenize_str
        texts = [[word for word, _ in cut(text)] for text in written]
        counts = Counter(word for words in texts for word in words)
        drawn = {word: self.draw(word, min(n, VARIANTS), rng) for word, n in counts.items()}
        uniform, found = rng.random, []
        for words in texts:
            ids: list[int] = []
            for word in words:
                choice = drawn[word]
                ids += choice[0] if len(choice) == 1 else choice[int(uniform() * len(choice))]
            found.append(ids)
        return found

    def draw(self, word: str, number: int, rng: random.Random) -> list[list[int]]:
        """Segmentations of one word."""
        symbols = self.symbols(word)
        if len(symbols) > LONGEST:
            pieces = self.model.model.tokenize(word)
            return [[piece.id for piece in pieces]]
        return [[self.vocab[s] for s in self.segment(symbols, rng)] for _ in range(number)]

    def symbols(self, word: str) -> list[str]:
        """What merging starts from: characters, or bytes where a character has no piece."""
        vocab, found = self.vocab, []
        for character in word:
            found += [character] if character in vocab else spell(character.encode())
        return found

    def segment(self, symbols: Iterable[str], rng: random.Random) -> list[str]:
        """Merge the best pair that is not left out, until none remains."""
        rank, never, dropout, uniform = self.rank.get, self.never, self.dropout, rng.random
        now = list(symbols)
        ranks = [rank(pair, never) for pair in pairwise(now)]
        while True:
            best, at = never, -1
            for i, r in enumerate(ranks):
                # The draw matters only to a pair that would be the best so far.
                if r < best and uniform() >= dropout:
                    best, at = r, i
            if at < 0:
                return now
            now[at : at + 2] = [now[at] + now[at + 1]]
            del ranks[at]
            if at > 0:
                ranks[at - 1] = rank((now[at - 1], now[at]), never)
            if at < len(ranks):
                ranks[at] = rank((now[at], now[at + 1]), never)


def spell(data: bytes) -> list[str]:
    """The names of bytes."""
    return [f"<0x{byte:02X}>" for byte in data]
