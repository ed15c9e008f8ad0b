"""A sentence in the making, and the phrases it is made of.

Korean is written down word by word, in Korean order; each English word remembers the Korean words
that it renders, and English is laid out afterwards. Gold alignments come from that for free.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from . import english as en
from . import korean as ko
from .lexicon import ADJECTIVES, COUNTS, NAMES, Noun, Subject

T = TypeVar("T")
Word = tuple[str, tuple[tuple[int, bool], ...]]  # English word, links (Korean index, sure)
Tokens = list[Word]
_ARTICLES = ("a", "the")
ADJECTIVES_OF = {g: tuple(x for x in ADJECTIVES if g in x.groups) for g in "tfdgmpx-"}


class Line:
    """The Korean words so far, a source of choices, and the combinations that were made."""

    def __init__(self, random: Callable[[], float], longer: bool = False):
        self.random = random
        self.longer = longer
        self.ko: list[str] = []
        self.objects: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.people: list[str] = []
        self.odd = False  # the choices made do not go together: draw again
        self.numbers: list[str] = []

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    def person(self, who: Subject) -> None:
        """Note who is spoken of; the same person twice in a sentence would want a pronoun."""
        self.odd = self.odd or who.en in self.people
        self.people.append(who.en)
        if who.name:
            self.names.append(who.en)

    def odds(self, chance: float) -> bool:
        return self.random() < chance

    def say(self, words: str) -> int:
        """Write one or more Korean words; the index of the last one."""
        self.ko += words.split()
        return len(self.ko) - 1

    @property
    def combinations(self) -> set[tuple[str, str]]:
        """(verb, object) and (name, number) pairs that occur in the sentence."""
        return {*self.objects, *((name, number) for name in self.names for number in self.numbers)}


def tie(text: str, at: int) -> Tokens:
    """English for the Korean word at `at`: articles are possible links, the rest is sure."""
    return [(word, ((at, word not in _ARTICLES),)) for word in text.split()]


def render(line: Line, korean: str, text: str) -> Tokens:
    """Write Korean words and their English; two words for two are taken in order."""
    at = line.say(korean)
    parts = text.split()
    if korean.count(" ") == len(parts) - 1 == 1:
        return tie(parts[0], at - 1) + tie(parts[1], at)
    return tie(text, at)


def loose(text: str, at: int) -> Tokens:
    """English that has no word of its own in Korean, leaning on the word at `at`."""
    return [(word, ((at, False),)) for word in text.split()]


def also(tokens: Tokens, at: int, sure: bool = False) -> Tokens:
    """The same words with one more link, where they do not have it yet."""
    more = ((at, sure),)
    return [(word, ties if (at, True) in ties else ties + more) for word, ties in tokens]


def comma(tokens: Tokens) -> Tokens:
    """The same words, a comma after the last."""
    word, links = tokens[-1]
    return [*tokens[:-1], (word + ",", links)]


class Phrase(NamedTuple):
    """English for a noun phrase, and what a verb agrees with."""

    en: Tokens
    who: str


def subject(line: Line, who: Subject, particle: str, polite: bool = False) -> Phrase:
    """Write a person with 은 or 이 (or 에게, 과); polite: a name takes 씨."""
    line.person(who)
    if polite and who.name:
        at = line.say(who.ko)
        return Phrase(also(tie(who.en, at), line.say(ko.attach("씨", particle))), who.who)
    if particle == "이" and who.ko == "저":
        return Phrase(tie(who.en, line.say("제가")), who.who)
    if who.honored:
        particle = {"은": "께서는", "이": "께서", "에게": "께"}.get(particle, particle)
    at = line.say(ko.attach(who.ko, particle))
    if who.ko.startswith("제 "):
        own, *rest = who.en.split()
        return Phrase(tie(own, at - 1) + tie(" ".join(rest), at), who.who)
    return Phrase(tie(who.en, at), who.who)


def number(line: Line, value: int, counter: str, digits: bool) -> tuple[Tokens, int]:
    """Write a count and its counter: 세 권을, 3권을; English of the count, index of the counter."""
    line.numbers.append(str(value))
    if digits:
        at = line.say(f"{value}{counter}")
        return tie(str(value), at), at
    first = line.say(ko.native(value))
    return tie(en.words(value), first), line.say(counter)


def counted(line: Line, noun: Noun, particle: str, topic: str = "") -> Phrase:
    """Write a noun with a number: 책 세 권을 (three books), 커피 2잔을 (2 cups of coffee).

    The particle follows the counter; topic, if given, is one that follows the noun: 책이 세 권.
    """
    at = line.say(ko.attach(noun.ko, topic))
    value = line.pick(COUNTS)
    digits = value > 1 and line.odds(0.4)
    count, counter = number(line, value, ko.attach(noun.counter, particle), digits)
    who = "3" if value == 1 else "p"
    if noun.unit:
        unit = noun.unit if value == 1 else en.plural(noun.unit)
        return Phrase(count + tie(unit, counter) + loose("of", counter) + tie(noun.en, at), who)
    word = noun.en if value == 1 else en.plural(noun.en)
    return Phrase(count + also(tie(word, at), counter), who)


def bare(noun: Noun, generic: bool = False) -> str:
    """A noun alone in English: a book, the door, rice; in general: books."""
    if noun.article == "a":
        return en.plural(noun.en) if generic else f"a {noun.en}"
    return f"{noun.article} {noun.en}" if noun.article == "the" else noun.en


def pointed(line: Line, noun: Noun, particle: str, owner: Subject | None = None) -> Phrase:
    """Write a noun that is known: 이 책 (this book), 그 책 (that), 민수의 책, 제 책 (my book)."""
    many = noun.article == "+"
    roll = line.random()
    if owner is not None and owner.en == "I" and roll < 0.4:
        first = tie("my", line.say("제"))
    elif roll < 0.7:
        near = line.odds(0.5)
        words = ("these" if near else "those") if many else ("this" if near else "that")
        first = tie(words, line.say("이" if near else "그"))
    else:
        name = line.pick(NAMES)
        line.person(name)
        first = tie(f"{name.en}'s", line.say(name.ko + "의"))
    return Phrase(
        first + tie(noun.en, line.say(ko.attach(noun.ko, particle))), "p" if many else "3"
    )


def described(line: Line, noun: Noun, particle: str) -> Phrase:
    """Write a noun with an adjective: 비싼 모자를 (an expensive hat)."""
    adjective = line.pick(ADJECTIVES_OF[noun.group])
    at = line.say(ko.adnominal(adjective.stem, False, "present"))
    head = line.say(ko.attach(noun.ko, particle))
    article = loose("a", head) if noun.article == "a" else []
    who = "p" if noun.article == "+" else "3"
    return Phrase(article + tie(adjective.en, at) + tie(noun.en, head), who)


def thing(
    line: Line,
    noun: Noun,
    particle: str,
    owner: Subject | None = None,
    generic: bool = False,
    countable: bool = True,
) -> Tokens:
    """Write a noun as an object: alone, counted, pointed at or described."""
    roll = line.random()
    if roll < 0.2 and noun.counter and countable and not generic:
        return counted(line, noun, particle).en
    if 0.2 <= roll < 0.36 and (noun.counter or noun.group not in "-p") and noun.group != "p":
        return pointed(line, noun, particle, owner).en
    if 0.36 <= roll < 0.5 and ADJECTIVES_OF[noun.group] and not generic:
        return described(line, noun, particle).en
    return tie(bare(noun, generic), line.say(ko.attach(noun.ko, particle)))
