"""The phrasebook: a built-in Korean-English corpus, made by a synchronous grammar of our own.

Korean fixes the English: a Korean sentence has one translation. Speech levels follow the person
spoken of (I and my people: 해요; we: 합니다; elders: honorific; everybody else: the written plain
style), politeness in requests shows as `please` and `could you`. Sentences come with gold word
alignments; training has no use for them.
"""

from . import lexicon
from .grammar import SHAPES, Pair
from .splits import HELD_OUT, SPLITS, pairs

__all__ = ["HELD_OUT", "SPLITS", "Pair", "count", "describe", "pairs"]


def count() -> int:
    """A lower bound on the number of distinct sentences, by multiplication.

    Counted are only: giver, receiver, owner of the gift, gift, verb, day, tense and polarity of
    sentences like 민수는 어제 미나에게 준호의 책을 주지 않았다. Each choice has a place of its own
    in the Korean sentence, so different choices make different sentences. Everything that
    mentions a held-out combination is left out, and so are all other shapes.
    """
    gifts = [
        (verb, noun)
        for _, verb, nouns in lexicon.GIVING
        for noun in nouns
        if (verb, noun.en) not in HELD_OUT and noun.counter
    ]
    names = len(lexicon.NAMES)
    people = names * (names - 1) * (names - 2)
    told = (len(lexicon.PAST) + len(lexicon.DAYTIME)) + (len(lexicon.FUTURE) + len(lexicon.DAYTIME))
    return people * len(gifts) * told * 2


def describe() -> dict:
    """Facts for the documentation: entries, shapes, a count, an example of each shape."""
    entries = {
        "nouns": len(lexicon.NOUNS),
        "verbs": len(lexicon.VERBS) + len(lexicon.ACTIVITIES) + len(lexicon.MOTIONS)
        + len(lexicon.GIVING),
        "adjectives": len(lexicon.ADJECTIVES) + len(lexicon.FEELINGS) + len(lexicon.WEATHERS),
        "places": len(lexicon.PLACES),
        "people": len(lexicon.NAMES + lexicon.ROLES + lexicon.MINE + lexicon.ELDERS) + 4,
        "times": len(lexicon.PAST + lexicon.HABIT + lexicon.FUTURE + lexicon.DAYTIME)
        + len(lexicon.OFTEN),
    }  # fmt: skip
    examples: dict[str, tuple[str, str]] = {}
    for pair in pairs("train", 2000):
        examples.setdefault(pair.shape, (pair.ko, pair.en))
    return {
        "entries": sum(entries.values()),
        "kinds": entries,
        "shapes": list(SHAPES),
        "count": count(),
        "held_out": len(HELD_OUT),
        "examples": examples,
    }
