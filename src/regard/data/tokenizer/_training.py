"""What training a subword vocabulary shares: where words are cut, which characters get a piece.

Cuts: a word takes the one space before it along; digits stand alone; signs are apart from letters,
and Korean, Chinese/Japanese and other letters from each other, so that "Hund." is " Hund" + "." and
"Python은" is " Python" + "은". No piece crosses a cut, and none is lost: the cuts cover the text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tokenizers import Regex
from tokenizers.pre_tokenizers import PreTokenizer, Split

from regard.data.tokenizer._spelling import SPELLINGS
from regard.data.tokenizer.base import RESERVED, all_specials, reserve
from regard.recipe import UserError

HAN = r"\p{Han}\p{Hiragana}\p{Katakana}ー"
CUTS = "|".join(
    (
        r" ?\p{Hangul}+",
        rf" ?[{HAN}]+",
        rf" ?(?:(?![\p{{Hangul}}{HAN}])[\p{{L}}\p{{M}}])+",
        r" ?\p{N}",
        r" ?[^\s\p{L}\p{M}\p{N}]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)


def cutter(cuts: str = CUTS) -> PreTokenizer:
    """Cuts a text into the words inside which pieces are found."""
    return Split(Regex(cuts), "isolated")


class Lesson:
    """The text to learn from, as the spelling writes it, and how often it has each character.

    `room` is how many pieces the vocabulary has left after specials and bytes.
    """

    def __init__(self, texts: Iterable[str], spelling: str, vocab: int, specials: Sequence[str]):
        write = SPELLINGS[spelling].write
        self.texts = [write(text) for text in texts]
        self.specials = all_specials(specials)
        self.reserved = reserve(self.specials)
        self.room = vocab - len(self.reserved)
        self.counts: Counter[str] = Counter()
        for text in self.texts:
            self.counts.update(text)
        if self.room < 1:
            taken = len(self.reserved)
            raise UserError(f"vocab: {vocab} is too small; specials and bytes take {taken}")
        if not self.counts:
            raise UserError("tokenizer: there is no text to learn from")

    def alphabet(self, min_frequency: int) -> list[str]:
        """The characters that get a piece, most frequent first, as many as there is room for.

        Reserved ones, which have a special already, get none.
        """
        found = ((c, n) for c, n in self.counts.items() if c not in RESERVED)
        often = [c for c, n in found if n >= min_frequency]
        return sorted(often, key=lambda c: (-self.counts[c], c))[: self.room]

    def runs(self, alphabet: Sequence[str]) -> Iterator[str]:
        """The texts, cut where a character is not in the alphabet."""
        rare = self.counts.keys() - set(alphabet)
        if not rare:
            yield from self.texts
            return
        pattern = re.compile("[" + re.escape("".join(sorted(rare))) + "]+")
        for text in self.texts:
            yield from filter(None, pattern.split(text))
