"""The sentence shapes with their weights, and the step from a shape to a finished pair."""

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

from . import acts, facts, joined, talk
from .acts import Sentence
from .english import article
from .line import Line

Shape = Callable[[Line], Sentence]
# Weights follow the room a shape has: a shape of few sentences is seldom drawn.
SHAPES: dict[str, tuple[Shape, int]] = {
    "narration": (acts.narration, 24), "ongoing": (acts.ongoing, 8), "wish": (acts.wish, 8),
    "ability": (acts.ability, 8), "duty": (acts.duty, 8), "leave": (acts.leave, 6),
    "plan": (acts.plan, 6), "skill": (acts.skill, 4), "experience": (acts.experience, 6),
    "fondness": (acts.fondness, 6), "taste": (acts.taste, 4), "listing": (acts.listing, 6),
    "feeling": (facts.feeling, 4), "quality": (facts.quality, 4),
    "comparison": (facts.comparison, 4), "profession": (facts.profession, 2),
    "existence": (facts.existence, 4), "whereabouts": (facts.whereabouts, 5),
    "belongings": (facts.belongings, 4), "price": (facts.price, 3), "age": (facts.age, 3),
    "birthday": (facts.birthday, 2), "opening": (facts.opening, 2), "floor": (facts.floor, 1),
    "weather": (facts.weather, 2),
    "question": (talk.question, 9), "what": (talk.what, 4), "where": (talk.where, 4),
    "whither": (talk.whither, 2), "when": (talk.at_what_time, 4), "why": (talk.why, 4),
    "who": (talk.who, 5), "how many": (talk.how_many, 3), "request": (talk.request, 6),
    "favor": (talk.favor, 4), "order": (talk.order, 6), "proposal": (talk.proposal, 6),
    "sequence": (joined.sequence, 8), "contrast": (joined.contrast, 8),
    "reason": (joined.reason, 8), "condition": (joined.condition, 7),
    "meanwhile": (joined.meanwhile, 6), "before and after": (joined.order_of_events, 7),
    "together": (joined.together, 6), "errand": (joined.errand, 7), "aim": (joined.aim, 6),
    "thought": (joined.thought, 8), "thing that": (joined.relative_subject, 6),
    "that somebody": (joined.relative_object, 7), "person who": (joined.relative_person, 6),
}  # fmt: skip
LONGER = ("listing", "contrast", "reason")  # the shapes that can go on


class Pair(NamedTuple):
    """A sentence in both languages; links are (Korean word, English word, sure)."""

    ko: str
    en: str
    links: frozenset[tuple[int, int, bool]]
    shape: str


class Draft(NamedTuple):
    """A pair, its length in words, and the combinations in it that may be held out."""

    pair: Pair
    lengths: tuple[int, int]
    combinations: set[tuple[str, str]]


def _table() -> list[str]:
    return list(chain.from_iterable([name] * weight for name, (_, weight) in SHAPES.items()))


_DRAWN = _table()


def draw(random: Callable[[], float], longer: bool = False) -> Draft:
    """One sentence at random; `random` gives numbers in [0, 1)."""
    while True:
        line = Line(random, longer)
        shape = line.pick(LONGER if longer else _DRAWN)
        tokens, mark = SHAPES[shape][0](line)
        if not line.odd:
            break
    words = [word for word, _ in tokens]
    for index, word in enumerate(words):
        if word == "a":
            words[index] = article(words[index + 1])
    words[0] = words[0][0].upper() + words[0][1:]
    english = " ".join(words)
    pair = Pair(
        " ".join(line.ko) + mark,
        (english + mark).replace(".m..", ".m."),  # one full stop after p.m.
        frozenset(
            [(at, index, sure) for index, (_, ties) in enumerate(tokens) for at, sure in ties]
        ),
        shape,
    )
    return Draft(pair, (len(line.ko), len(words)), line.combinations)
