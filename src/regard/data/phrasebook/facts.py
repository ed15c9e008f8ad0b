"""Statements of what is: feelings, qualities, professions, places, prices, ages, dates, weather."""

from . import english as en
from . import korean as ko
from .acts import Sentence, able
from .clause import GOALS, Act, Mode, anybody, date, predicate, when
from .lexicon import (
    AGES,
    FEELINGS,
    JOBS,
    MINE,
    NAMES,
    NOUNS,
    PAST,
    PLACES,
    PRICES,
    SELF,
    WEATHERS,
)
from .line import ADJECTIVES_OF, Line, Tokens, also, counted, loose, pointed, render, subject, tie

_COUNTED = tuple(noun for noun in NOUNS.values() if noun.counter)
_GOODS = tuple(noun for noun in _COUNTED if noun.group == "g")
_DESCRIBED = tuple(noun for noun in NOUNS.values() if noun.group in "tfdgm")
_OPEN = tuple(place for place in PLACES.values() if place.group in "swfx")
_SMALL = tuple(
    noun
    for noun in _GOODS
    if noun.counter not in ("대", "벌") and noun.ko not in ("의자", "책상", "상자", "가방")
)
_INDOORS = tuple(PLACES[word] for word in ("식당", "카페", "은행", "우체국", "병원", "박물관"))
_SPOTS = (("위에", "on"), ("아래에", "under"), ("옆에", "next to"), ("안에", "in"))
_BASES = tuple(NOUNS[word] for word in ("책상", "의자", "상자", "가방"))


def feeling(line: Line, ending: str = "", particle: str = "은", tense: str = "") -> Sentence:
    """Somebody is busy, tired, sick: also used as a clause."""
    person = anybody(line)
    tense = tense or line.pick(("past", "present"))
    who = subject(line, person, particle)
    time: Tokens = []
    if not ending and tense == "past" and line.odds(0.5):
        day = line.pick(PAST)
        time = render(line, day.ko, day.en)
    very = tie("very", line.say("아주")) if line.odds(0.3) else []
    adjective = line.pick(FEELINGS)
    act = Act(adjective.stem, adjective.en, [], verb=False)
    mode = Mode(tense, "", not very and line.odds(0.2))
    level = ending or person.level
    group = predicate(line, act, mode, level, who.who, honored=person.honored)
    return who.en + group.aux + group.main[:-1] + very + group.main[-1:] + time, "."


def quality(line: Line, ending: str = "다", particle: str = "은", tense: str = "") -> Sentence:
    """A thing is new, dear, long: also used as a clause."""
    noun = line.pick(_DESCRIBED)
    what = pointed(line, noun, particle)
    very = tie("very", line.say("아주")) if line.odds(0.3) else []
    adjective = line.pick(ADJECTIVES_OF[noun.group])
    act = Act(adjective.stem, adjective.en, [], verb=False)
    mode = Mode(tense or line.pick(("past", "present", "present")), "", not very and line.odds(0.2))
    group = predicate(line, act, mode, ending, what.who)
    return what.en + group.aux + group.main[:-1] + very + group.main[-1:], "."


def comparison(line: Line) -> Sentence:
    noun = line.pick(_DESCRIBED)
    this = pointed(line, noun, "은")
    other = pointed(line, noun, "보다")
    line.odd = line.odd or line.ko[0] == line.ko[2]
    degree = line.say("더")
    adjective = line.pick(ADJECTIVES_OF[noun.group])
    at = line.say(ko.close(adjective.stem, False, "present", "다")[0])
    first, *rest = en.more(adjective.en).split()
    better = tie(first, degree) + tie(rest[0], at) if rest else also(tie(first, at), degree)
    be = loose(en.inflect("be", f"present-{this.who}"), at)
    than = tie("than", other.en[-1][1][0][0])
    return this.en + be + better + than + other.en, "."


def profession(line: Line) -> Sentence:
    person = line.pick((*NAMES, *MINE, SELF))
    who = subject(line, person, "은")
    job = line.pick(JOBS)
    title = job.en.removeprefix("the ")
    tense = "past" if line.odds(0.3) else "present"
    be = en.inflect("be", f"{tense}-{who.who}")
    if line.odds(0.25):
        noun = line.say(ko.attach(job.ko, "이"))
        at = line.say(ko.denied(tense, person.level))
        no = loose(be, at) + tie("not", at) + loose("a", noun)
        return who.en + no + tie(title, noun), "."
    at = line.say(ko.copula(job.ko, tense, person.level))
    return who.en + loose(f"{be} a", at) + tie(title, at), "."


def existence(line: Line) -> Sentence:
    base, noun = line.pick(_BASES), line.pick(_SMALL)
    first = line.say(base.ko)
    word, preposition = line.pick(_SPOTS if base.en in ("box", "bag") else _SPOTS[:3])
    where = tie(preposition, line.say(word)) + loose("the", first) + tie(base.en, first)
    what = counted(line, noun, "", topic="이")
    tense = "past" if line.odds(0.3) else "present"
    at = line.say(ko.close("있", False, tense, "다")[0])
    be = en.inflect("be", f"{tense}-{what.who}")
    return loose("there", at) + tie(be, at) + what.en + where, "."


def whereabouts(line: Line) -> Sentence:
    person = anybody(line)
    who = subject(line, person, "은")
    tense = line.pick(("past", "present"))
    time: Tokens = []
    if line.odds(0.4):
        time = when(line, tense) if tense == "past" else tie("now", line.say("지금"))
    place = line.pick(GOALS)
    where = tie(place.at, line.say(place.ko + "에"))
    at = line.say(ko.close("계시" if person.honored else "있", False, tense, person.level)[0])
    return who.en + tie(en.inflect("be", f"{tense}-{who.who}"), at) + where + time, "."


def belongings(line: Line) -> Sentence:
    person = able(line)
    who = subject(line, person, "은")
    what = counted(line, line.pick(_GOODS), "", topic="이")
    tense = "past" if line.odds(0.2) else "present"
    at = line.say(ko.close("있", False, tense, person.level)[0])
    return who.en + tie(en.inflect("have", f"{tense}-{who.who}"), at) + what.en, "."


def price(line: Line) -> Sentence:
    what = pointed(line, line.pick(_GOODS), "은")
    value = line.pick(PRICES)
    line.numbers.append(f"{value:,}")
    if line.odds(0.5):
        at = line.say(f"{value:,}원이다")
        cost = tie(f"{value:,} won", at)
    else:
        # 만 오천 (10,000 + 5,000) is fifteen thousand: every numeral is linked to every other
        spots = [line.say(word) for word in ko.sino(value).split()]
        at = line.say("원이다")
        links = tuple((spot, True) for spot in spots)
        cost = [(word, links) for word in en.words(value).split()] + tie("won", at)
    return what.en + loose(en.inflect("cost", f"present-{what.who}"), at) + cost, "."


def age(line: Line) -> Sentence:
    person = line.pick((*NAMES, *MINE, SELF))
    who = subject(line, person, "은")
    value = line.pick(AGES if person.name else AGES[6:])  # no wife of seven
    line.numbers.append(str(value))
    if line.odds(0.5):
        at = line.say(ko.copula(f"{value}살", "present", person.level))
        years = tie(f"{value} years old", at)
    else:
        count = line.say(ko.native(value))
        at = line.say(ko.copula("살", "present", person.level))
        years = tie(en.words(value), count) + tie("years old", at)
    return who.en + loose(en.inflect("be", f"present-{who.who}"), at) + years, "."


def birthday(line: Line) -> Sentence:
    name = line.pick(NAMES)
    line.person(name)
    whose = tie(f"{name.en}'s", line.say(name.ko + "의"))
    day = tie("birthday", line.say("생일은"))
    dated = date(line, "이다")
    return whose + day + loose("is", len(line.ko) - 1) + dated, "."


def opening(line: Line) -> Sentence:
    place = line.pick(_OPEN)
    name = "the school" if place.en == "school" else place.en
    what = tie(name, line.say(ko.attach(place.ko, "은")))
    digits = line.odds(0.5)
    hours: Tokens = []
    for first, particle, word in ((7, "부터", "from"), (4, "까지", "to")):
        hour = line.pick(range(first, first + 5))
        if digits:
            hours += tie(f"{word} {hour}", line.say(f"{hour}시{particle}"))
        else:
            count = line.say(ko.native(hour))
            hours += tie(word, line.say("시" + particle)) + tie(en.words(hour), count)
    door, at = line.say("문을"), line.say("연다")
    return what + loose("is", at) + also(tie("open", at), door) + hours, "."


def floor(line: Line) -> Sentence:
    place = line.pick(_INDOORS)
    what = tie(place.en, line.say(ko.attach(place.ko, "은")))
    level = line.pick(range(2, 11))
    line.numbers.append(str(level))
    at = line.say(f"{level}층에")
    verb = line.say("있다")
    return what + tie("is", verb) + tie(f"on the {en.th(level)} floor", at), "."


def weather(line: Line, ending: str = "다", particle: str = "은", tense: str = "") -> Sentence:
    """It rains, the weather is cold: also used as a clause, then without a time."""
    timed = not tense
    tense = tense or line.pick(("past", "past", "future"))
    time = when(line, tense) if timed else []
    if line.odds(0.6):
        rain = line.odds(0.6)
        first = line.say("비가" if rain else "눈이")
        act = Act("오", "rain" if rain else "snow", [], also=first)
        group = predicate(line, act, Mode(tense), ending, "3")
        return loose("it", first) + group.aux + group.main + time, "."
    first = line.say("날씨가")
    stem, english = line.pick(WEATHERS)
    group = predicate(line, Act(stem, english, [], verb=False), Mode(tense), ending, "3")
    return tie("the weather", first) + group.aux + group.main + time, "."
