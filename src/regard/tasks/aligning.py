"""How well a translator's attention agrees with known word alignments: AER, head chosen on dev."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from regard.data import phrasebook
from regard.evaluate.alignment import AER, Links, aer
from regard.recipe import UserError
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
        gold = Gold(
            pair.ko, pair.en,
            {(i, j) for i, j, sure in pair.links if sure}, {(i, j) for i, j, _ in pair.links},
        )  # fmt: skip
        made.append(gold if direction == "ko-en" else turned(gold))
    return made


def turned(gold: Gold) -> Gold:
    """The pair in the other direction."""
    sure, possible = ({(j, i) for i, j in links} for links in (gold.sure, gold.possible))
    return Gold(gold.target, gold.source, sure, possible)


def error(
    translator: Translator, pairs: Sequence[Gold], seen: Sequence[Attended], head: Head
) -> AER:
    """AER of one head over all pairs."""
    found = [
        links(translator, p.source, p.target, s, head) for p, s in zip(pairs, seen, strict=True)
    ]
    return aer(found, [p.sure for p in pairs], [p.possible for p in pairs])


def choose(translator: Translator, pairs: Sequence[Gold], seen: Sequence[Attended]) -> Head:
    """The layer, head and shift with the lowest AER.

    Raises UserError if the model keeps no weights over the source.
    """
    heads = [
        Head(name, head, shift)
        for name, weights in seen[0].weights.items()
        if name.endswith("cross")
        for head in (None, *range(len(weights)))
        for shift in (0, 1)
    ]
    if not heads:
        raise UserError("aer: this model looks at its source without weights, or not at all")
    return min(heads, key=lambda h: error(translator, pairs, seen, h).aer)


def measure(
    translator: Translator, split: str = "test", count: int | None = None
) -> dict[str, Any]:
    """AER on a split of the phrasebook, references forced, the head chosen on 200 dev sentences.

    Raises UserError if the translator has no direction of the phrasebook.
    """
    known = [d for d in translator.codec.directions if d in ("ko-en", "en-ko")]
    if not known:
        raise UserError("aer: known for the phrasebook only, so for a run of ko-en or en-ko")
    dev, test = golds("dev", known[0], 200), golds(split, known[0], count)
    dev_seen, seen = (
        attend(translator, [p.source for p in x], [p.target for p in x], known[0])
        for x in (dev, test)
    )
    head = choose(translator, dev, dev_seen)
    found = error(translator, test, seen, head)
    return {
        "aer": found.aer, "precision": found.precision, "recall": found.recall,
        "dev_aer": error(translator, dev, dev_seen, head).aer,
        "map": head.name, "head": head.head, "shift": head.shift, "sentences": len(test),
    }  # fmt: skip
