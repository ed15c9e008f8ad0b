"""Which sentence belongs to which split: stable hashes decide, so that splits cannot overlap."""

from collections.abc import Iterator
from itertools import islice
from random import Random
from zlib import crc32

from .grammar import Draft, Pair, draw
from .lexicon import AGES, COUNTS, DAYS, GIVING, NAMES, VERBS

SPLITS = ("train", "dev", "test", "combos", "long")
SIZES = {"dev": 500, "test": 1000, "combos": 500, "long": 200}
# Longest sentence of train, in Korean and in English words. `long` is longer in both.
LONGEST = (12, 18)
_PATIENCE = 20_000  # draws in a row that bring nothing new
_BUCKETS = 50  # two for dev, two for test, the rest for train


def _hash(*words: str) -> int:
    return crc32("|".join(words).encode())


def _held_out() -> frozenset[tuple[str, str]]:
    """About one in twenty (verb, object) and (name, number) pairs; no word loses its last verb."""
    actions = [(verb.en, noun.en) for verb in VERBS for noun in verb.objects]
    actions += [(verb, noun.en) for _, verb, gifts in GIVING for noun in gifts]
    left = {word: sum(word in pair for pair in actions) for pair in actions for word in pair}
    held = set()
    for pair in actions:
        # a noun of one verb only would vanish from train with it
        if _hash(*pair) % 11 == 0 and min(left[word] for word in pair) > 2:
            held.add(pair)
            for word in pair:
                left[word] -= 1
    numbers = sorted({*COUNTS, *AGES, *DAYS, *range(1, 13)})
    counts = [(name.en, str(number)) for name in NAMES for number in numbers]
    return frozenset(held | {pair for pair in counts if _hash(*pair) % 20 == 0})


HELD_OUT = _held_out()


def split_of(draft: Draft) -> str | None:
    """The one split that a sentence may appear in; None for one between train and long."""
    korean, english = draft.lengths
    if not HELD_OUT.isdisjoint(draft.combinations):
        return "combos" if korean <= LONGEST[0] and english <= LONGEST[1] else None
    if korean > LONGEST[0] and english > LONGEST[1]:
        return "long"
    if korean > LONGEST[0] or english > LONGEST[1]:
        return None
    bucket = _hash(draft.pair.ko) % _BUCKETS
    return "dev" if bucket < 2 else "test" if bucket < 4 else "train"


def drafts(split: str, seed: int) -> Iterator[Draft]:
    """Distinct sentences of one split, without end."""
    random = Random(f"{split} {seed}").random  # a text seed goes through SHA-512, not hash()
    seen: set[str] = set()
    longer = split == "long"
    misses = 0
    while misses < _PATIENCE:
        draft = draw(random, longer)
        misses += 1
        if split_of(draft) == split and draft.pair.ko not in seen:
            seen.add(draft.pair.ko)
            misses = 0
            yield draft
    raise ValueError(f"the phrasebook has no more than {len(seen)} sentences for {split!r} to give")


def pairs(split: str, n: int | None = None, seed: int = 1) -> list[Pair]:
    """The first `n` pairs of a split, distinct in Korean; the same for the same arguments.

    n: by default 500 of dev, 1000 of test, 500 of combos, 200 of long; train wants a number.
    """
    if split not in SPLITS:
        raise ValueError(f"the phrasebook has no split {split!r}; it has {', '.join(SPLITS)}")
    if n is None and split not in SIZES:
        raise ValueError(f"pairs({split!r}) needs n, how many pairs to make")
    n = SIZES[split] if n is None else n
    return [draft.pair for draft in islice(drafts(split, seed), n)]
