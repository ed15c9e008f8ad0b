"""How well a translator's attention agrees with known word alignments: AER, its head chosen on dev."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from regard.data import phrasebook
from regard.evaluate.alignment import AER, Links, aer
from regard.tasks.attending import Attended, Head, attend, links
from regard.tasks.translator import Translator


class Gold(NamedTuple):
    """A sentence pair with its links (source word, target word); the sure are possible too."""

    source: str
    target: str
    sure: Links
    possible: Links


def golds(split: str, direction: str, count: int | None = None) -> list[Gold]:
    """Pairs of the built-in phrasebook with their links, in the order of the direction."""
    made = []
    for pair in phrasebook.pairs(split, count):
        turn = direction != "ko-en"
        every = {((j, i) if turn else (i, j)): sure for i, j, sure in pair.links}
        sure = {link for link, certain in every.items() if certain}
        source, target = (pair.en, pair.ko) if turn else (pair.ko, pair.en)
        made.append(Gold(source, target, sure, set(every)))
    return made


def error(
    translator: Translator, pairs: Sequence[Gold], seen: Sequence[Attended], head: Head
) -> AER:
    """AER of one head over all pairs."""
    found = [
        links(translator, p.source, p.target, s, head) for p, s in zip(pairs, seen, strict=True)
    ]
    return aer(found, [p.sure for p in pairs], [p.possible for p in pairs])


def choose(translator: Translator, pairs: Sequence[Gold], seen: Sequence[Attended]) -> Head:
    """The layer, head and shift with the lowest AER."""
    heads = [
        Head(name, head, shift)
        for name, weights in seen[0].weights.items()
        if name.endswith("cross")
        for head in (None, *range(len(weights)))
        for shift in (0, 1)
    ]
    return min(heads, key=lambda h: error(translator, pairs, seen, h).aer)


def measure(translator: Translator, split: str = "test", count: int | None = None) -> dict[str, Any]:
    """AER on a split of the phrasebook, references forced, the head chosen on 200 dev sentences."""
    direction = translator.codec.directions[0]
    dev, test = golds("dev", direction, 200), golds(split, direction, count)
    look = [attend(translator, [p.source for p in x], [p.target for p in x]) for x in (dev, test)]
    head = choose(translator, dev, look[0])
    found = error(translator, test, look[1], head)
    return {
        "aer": found.aer, "precision": found.precision, "recall": found.recall,
        "dev_aer": error(translator, dev, look[0], head).aer,
        "map": head.name, "head": head.head, "shift": head.shift, "sentences": len(test),
    }  # fmt: skip
