"""Statements about what somebody does: told, wished, planned, allowed, done before."""

from . import korean as ko
from .clause import Act, Mode, anybody, predicate, tell, when
from .lexicon import VERBS, Noun, Subject
from .line import Line, Tokens, bare, comma, loose, subject, thing, tie

Sentence = tuple[Tokens, str]  # English words, and the mark that ends both sentences

_CRAFTS = tuple(v for v in VERBS if v.en in ("make", "bake", "fix", "play", "draw", "write"))
_TASTES = tuple(v for v in VERBS if v.generic and not v.free)
_LISTED = tuple(v for v in VERBS if len(v.objects) > 7 and not v.generic)


def narration(line: Line) -> Sentence:
    roll = line.random()
    tense = "past" if roll < 0.4 else "present" if roll < 0.75 else "future"
    return tell(line, anybody(line), Mode(tense, "", line.odds(0.2))), "."


def ongoing(line: Line) -> Sentence:
    return tell(line, anybody(line), Mode(line.pick(("past", "present")), "doing"), time=0), "."


def able(line: Line) -> Subject:
    """Anybody whose verb takes no honorific: those forms stay simple."""
    while (who := anybody(line)).honored:
        pass
    return who


def wish(line: Line) -> Sentence:
    mode = Mode("past" if line.odds(0.3) else "present", "want", line.odds(0.3))
    return tell(line, able(line), mode, time=0), "."


def ability(line: Line) -> Sentence:
    mode = Mode("past" if line.odds(0.4) else "present", "can", line.odds(0.5))
    return tell(line, able(line), mode, time=0), "."


def duty(line: Line) -> Sentence:
    mode = Mode("past" if line.odds(0.4) else "present", "must")
    return tell(line, able(line), mode, time=0), "."


def leave(line: Line) -> Sentence:
    mode = Mode("present", "free" if line.odds(0.6) else "forbidden", True)
    return tell(line, able(line), mode, time=0), "."


def plan(line: Line) -> Sentence:
    return tell(line, able(line), Mode("present", "plan"), time=0), "."


def skill(line: Line) -> Sentence:
    who = subject(line, person := able(line), "은")
    verb = line.pick(_CRAFTS)
    noun = line.pick(verb.objects)
    line.objects.append((verb.en, noun.en))
    act = Act(verb.stem, verb.en, thing(line, noun, "을", person))
    group = predicate(line, act, Mode("present", "skill", line.odds(0.4)), person.level, who.who)
    return who.en + group.aux + group.main + act.tail, "."


def experience(line: Line) -> Sentence:
    return tell(line, able(line), Mode("present", "ever", line.odds(0.4)), time=0), "."


def fondness(line: Line) -> Sentence:
    mode = Mode("present", "enjoy", line.odds(0.25))
    return tell(line, able(line), mode, time=0), "."


def taste(line: Line) -> Sentence:
    """Somebody likes or hates something in general."""
    person = able(line)
    who = subject(line, person, "은")
    very = tie("really", line.say("정말")) if line.odds(0.3) else []
    verb = line.pick(_TASTES)
    noun = line.pick(verb.objects)
    line.objects.append((verb.en, noun.en))
    act = Act(verb.stem, verb.en, thing(line, noun, "을", person, generic=True))
    mode = Mode(line.pick(("past", "present", "present")), "", not very and line.odds(0.25))
    group = predicate(line, act, mode, person.level, who.who)
    return who.en + group.aux + very + group.main + act.tail, "."


def listing(line: Line) -> Sentence:
    """Several things bought, eaten, carried at once."""
    verb = line.pick(_LISTED)
    person = anybody(line)
    who = subject(line, person, "은")
    time = when(line, "past") if line.odds(0.5) else []
    items: list[Noun] = []
    many = line.pick((5, 6)) if line.longer else line.pick((2, 3))
    while len(items) < many:
        if (noun := line.pick(verb.objects)) not in items and noun.unit != "bowl":
            items.append(noun)
    english: Tokens = []
    for place, noun in enumerate(items):
        line.objects.append((verb.en, noun.en))
        left = many - place - 1
        particle = "을" if not left else "과" if left == 1 else ","
        phrase = tie(bare(noun), line.say(ko.attach(noun.ko, particle)))
        if left > 1:
            phrase = comma(phrase)
        english += phrase + (loose("and", len(line.ko) - 1) if left == 1 else [])
    act = Act(verb.stem, verb.en, [])
    level, honored = person.level, person.honored
    group = predicate(line, act, Mode("past"), level, who.who, honored=honored)
    return who.en + group.main + english + time, "."
