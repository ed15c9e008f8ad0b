"""Clauses: what somebody does (an act), how it is said (a predicate), and both together."""

from collections.abc import Callable
from typing import NamedTuple

from . import english as en
from . import korean as ko
from .lexicon import (
    ACTIVITIES,
    DAYS,
    DAYTIME,
    ELDERS,
    FUTURE,
    GIVING,
    HABIT,
    MANNERS,
    MINE,
    MINUTES,
    MOTIONS,
    NAMES,
    OFTEN,
    OTHERS,
    PAST,
    PLACES,
    RIDES,
    ROLES,
    SELF,
    VERBS,
    WE,
    YEARS,
    Place,
    Subject,
)
from .line import Line, Tokens, also, comma, loose, render, subject, thing, tie

_FREE = tuple(verb for verb in VERBS if verb.free)
_DOING = tuple(verb for verb in VERBS if verb.free or not verb.generic)  # all but like and hate
GOALS = tuple(place for place in PLACES.values() if place.group != "k")
_ASKABLE = tuple(verb for verb in ACTIVITIES if verb.free)
_HURRIED = {"work", "exercise", "cook", "dance", "run", "walk"}  # what can be fast or slow
_NEARBY = tuple(place for place in GOALS if place.group != "c")
_MODALS = ("be", "can", "have", "must")


class Act(NamedTuple):
    """Korean stem and English verb of what is done, and the English that follows the verb."""

    stem: str
    en: str
    tail: Tokens
    verb: bool = True  # False: an adjective, said with `be`
    also: int | None = None  # a further Korean word that the verb renders: 비가 in 비가 오다
    places: tuple[Place, ...] = ()  # where it is done


class Group(NamedTuple):
    """An English verb group: what goes before the subject in a question, and the rest."""

    aux: Tokens
    main: Tokens
    last: int  # the last Korean word


def anybody(line: Line) -> Subject:
    """A subject: mostly names, then I, my people, the rest."""
    roll = line.random()
    for chance, group in ((0.42, NAMES), (0.56, (SELF,)), (0.68, MINE), (0.82, ROLES)):
        if roll < chance:
            return line.pick(group)
    return line.pick(ELDERS if roll < 0.9 else OTHERS if roll < 0.95 else (WE,))


def third(line: Line) -> Subject:
    """Somebody spoken of in the plain style: a name, sometimes a profession."""
    return line.pick(NAMES if line.odds(0.75) else ROLES)


def transitive(
    line: Line, owner: Subject | None = None, free: bool = False, place: bool = True
) -> Act:
    """Write object, place and manner of a verb; the verb itself is left to `predicate`."""
    verb = line.pick(_FREE if free else _DOING)
    noun = line.pick(verb.objects)
    where: Tokens = []
    if place and verb.places and line.odds(0.3):
        spot = line.pick(verb.places)
        where = tie(spot.at, line.say(spot.ko + "에서"))
    what = thing(line, noun, "을", owner, verb.generic, verb.en != "wear")
    line.objects.append((verb.en, noun.en))
    return Act(verb.stem, verb.en, what + where, places=verb.places)


def activity(line: Line, free: bool = False) -> Act:
    """Write place and manner of a verb without object."""
    verb = line.pick(_ASKABLE if free else ACTIVITIES)
    where: Tokens = []
    if line.odds(0.6):
        spot = line.pick(verb.places)
        where = tie(spot.at, line.say(spot.ko + "에서"))
    how: Tokens = []
    if verb.en in _HURRIED and line.odds(0.4):
        manner = line.pick(MANNERS)
        if manner.en != "hard" or verb.en in ("work", "exercise"):
            how = render(line, manner.ko, manner.en)
    return Act(verb.stem, verb.en, how + where)


def motion(line: Line) -> Act:
    """Write companion, vehicle and goal of going somewhere."""
    stem, verb = line.pick(MOTIONS)
    after: Tokens = []
    if line.odds(0.25):
        friend = line.pick(NAMES)
        line.person(friend)
        at = line.say(ko.attach(friend.ko, "과"))
        after = tie(f"with {friend.en}", at)
        if line.odds(0.5):
            after = also(after, line.say("함께"))
    by: Tokens = []
    if verb not in ("walk", "run") and line.odds(0.3):
        bus, vehicle = line.pick(RIDES)
        by = tie(f"by {vehicle}", line.say(ko.attach(bus, "으로")))
    goal = line.pick(_NEARBY if verb in ("walk", "run") else GOALS)
    to = tie(goal.to, line.say(goal.ko + "에"))
    return Act(stem, verb, to + by + after)


def giving(line: Line, owner: Subject | None = None) -> Act:
    """Write receiver and gift."""
    stem, verb, gifts = line.pick(GIVING)
    receiver = line.pick(NAMES if line.odds(0.7) else ROLES)
    whom = subject(line, receiver, "에게").en
    noun = line.pick(gifts)
    what = thing(line, noun, "을", owner)
    line.objects.append((verb, noun.en))
    to = [("to", ((whom[0][1][0][0], True),)), *whom]
    return Act(stem, verb, what + to)


def anything(line: Line, owner: Subject | None = None, free: bool = False) -> Act:
    """An act of any of the four kinds."""
    roll = line.random()
    if roll < 0.6:
        return transitive(line, owner, free)
    if roll < 0.74:
        return activity(line, free)
    return motion(line) if roll < 0.9 else giving(line, owner)


class Mode(NamedTuple):
    """Tense (past, present, future), form (empty, or a key of `_FORMS`) and negation."""

    tense: str
    form: str = ""
    neg: bool = False


class _Form(NamedTuple):
    """What a form puts after the verb: 읽고 있다, 읽을 수 있다; and what English makes of it."""

    join: Callable[[str], str]  # the Korean words from the verb to the auxiliary
    stem: str  # of the auxiliary
    negated: str  # its negative, where that is a word of its own
    verb: bool  # does the auxiliary conjugate as a verb
    en: str
    bridge: str
    shape: str  # of the English main verb


_FORMS = {
    "doing": _Form(lambda s: ko.plain(s, "고"), "있", "", False, "be", "", "ing"),
    "want": _Form(lambda s: ko.plain(s, "고"), "싶", "", False, "want", "to", "base"),
    "can": _Form(lambda s: ko.eu(s, "ㄹ 수"), "있", "없", False, "can", "", "base"),
    "must": _Form(lambda s: ko.a(s, "야"), "하", "", True, "have to", "", "base"),
    "plan": _Form(lambda s: ko.eu(s, "려고"), "하", "", True, "plan", "to", "base"),
    "skill": _Form(lambda s: ko.eu(s, "ㄹ 줄"), "알", "모르", True, "know", "how to", "base"),
    "ever": _Form(lambda s: ko.eu(s, "ㄴ 적이"), "있", "없", False, "have", "", "done"),
    "enjoy": _Form(lambda s: ko.plain(s, "는 것을"), "좋아하", "", True, "like", "to", "base"),
    "free": _Form(lambda s: ko.plain(s, "지 않아도"), "", "되", True, "have to", "", "base"),
    "forbidden": _Form(lambda s: ko.eu(s, "면 안"), "", "되", True, "must", "", "base"),
}


def predicate(
    line: Line,
    act: Act,
    mode: Mode,
    ending: str,
    who: str,
    ask: bool = False,
    honored: bool = False,
) -> Group:
    """Write the Korean words of the verb, with `ending`; give the English verb group.

    ask: English inverts. who may be `you`, too.
    """
    form = _FORMS.get(mode.form)
    stem, verb, first = act.stem, act.verb, len(line.ko)
    if form:
        line.say(form.join(stem))
        stem, verb = (mode.neg and form.negated) or form.stem, form.verb
        if mode.form == "want" and who not in ("I", "you"):
            line.say("싶어")  # what others want shows: 싶어 하다
            stem, verb = "하", True
    if mode.neg and not (form and form.negated):
        line.say(ko.plain(stem, "지"))
        stem = "않"
    carrier = len(line.ko)  # the word that carries auxiliary and negation
    if honored:
        stem = "계시" if mode.form == "doing" else ko.honorific(stem)
    line.ko += ko.close(stem, verb, mode.tense, ending)
    last = len(line.ko) - 1
    if not form:
        finite = tie(act.en, first) if act.verb else loose("be", first)
        rest = [] if act.verb else tie(act.en, first)
        refusal = carrier
    else:
        finite = tie(form.en, carrier)
        for index in range(first + 1, carrier):  # 수, 적이 and the like: no word in English
            finite = also(finite, index)
        rest = loose(form.bridge, carrier) + tie(en.inflect(act.en, form.shape), first)
        refusal = {"free": carrier - 1, "forbidden": carrier - 1}.get(mode.form, carrier)
    if act.also is not None:
        finite = also(finite, act.also, True)
    aux, main = _english(finite, rest, mode, refusal, last, "p" if who == "you" else who, ask)
    return Group(aux, main, last)


def _english(
    finite: Tokens, rest: Tokens, mode: Mode, refusal: int, last: int, who: str, ask: bool
) -> tuple[Tokens, Tokens]:
    """Auxiliary and the rest; refusal and last: the Korean words behind `not` and `will`, `do`."""
    verb = " ".join(word for word, _ in finite)
    form = f"{mode.tense}-{who}"

    def inflected(shape: str) -> Tokens:
        words = en.inflect(verb, shape).split()
        return [(word, links) for word, (_, links) in zip(words, finite, strict=True)]

    no = tie("never" if verb == "have" else "not", refusal) if mode.neg else []
    if mode.tense == "future":
        return tie("will", last), no + inflected("base") + rest
    if verb == "can" and mode.neg and mode.tense == "present":
        return [("cannot", finite[0][1])], rest
    if verb in _MODALS:
        return inflected(form), no + rest
    if mode.neg or ask:
        return loose(en.inflect("do", form), last), no + inflected("base") + rest
    return [], inflected(form) + rest


def _clock(line: Line) -> Tokens:
    """Write a time of day: 세 시에, 세 시 반에, 오후 3시에, 3시 15분에."""
    hour, roll = line.pick(range(1, 13)), line.random()
    line.numbers.append(str(hour))
    if roll < 0.4:
        first = line.say(ko.native(hour))
        if roll < 0.28:
            at = line.say("시에")
            return tie("at", at) + tie(en.words(hour), first) + tie("o'clock", at)
        hours = line.say("시")
        at = line.say("반에")
        return tie("at half", at) + loose("past", hours) + tie(en.words(hour), first)
    if roll < 0.6:
        morning = line.odds(0.5)
        part = line.say("오전" if morning else "오후")
        at = line.say(f"{hour}시에")
        return tie(f"at {hour}", at) + tie("a.m." if morning else "p.m.", part)
    minute = line.pick(MINUTES)
    first = line.say(f"{hour}시")
    at = line.say(f"{minute}분에")
    return tie("at", at) + also(tie(f"{hour}:{minute:02}", first), at, True)


def date(line: Line, particle: str = "에") -> Tokens:
    """Write a day of the year: 3월 5일에 (March 5), 삼월 오일에 (the fifth of March)."""
    number, day = line.pick(range(1, 13)), line.pick(DAYS)
    line.numbers.append(str(day))
    name = en.MONTHS[number - 1]
    if line.odds(0.6):
        month = line.say(f"{number}월")
        return tie(name, month) + tie(str(day), line.say(f"{day}일{particle}"))
    month = line.say(ko.month(number))
    at = line.say(f"{ko.sino(day)}일{particle}")
    return tie(f"the {en.ordinal(day)}", at) + loose("of", month) + tie(name, month)


def when(line: Line, tense: str) -> Tokens:
    """Write a time that suits the tense."""
    if tense == "present":
        time = line.pick(HABIT)
        return render(line, time.ko, time.en)
    roll = line.random()
    if roll < 0.5:
        time = line.pick(PAST if tense == "past" else FUTURE)
        return render(line, time.ko, time.en)
    if roll < 0.65:
        time = line.pick(DAYTIME)
        return render(line, time.ko, time.en)
    if roll < 0.75:
        time = (PAST if tense == "past" else FUTURE)[line.odds(0.3)]
        day = render(line, time.ko, time.en)
        return _clock(line) + day
    if roll < 0.88:
        return _clock(line)
    if roll < 0.95 or tense == "future":
        dated = date(line)
        return tie("on", len(line.ko) - 1) + dated
    year = line.pick(YEARS)
    return tie(f"in {year}", line.say(f"{year}년에"))


def tell(
    line: Line, who: Subject, mode: Mode, ending: str = "", particle: str = "은", time: float = 0.5,
    free: bool = False, front: float = 0.2,
) -> Tokens:  # fmt: skip
    """Write a whole clause: subject, time, act, predicate; give the English, without full stop."""
    before: Tokens = []
    after: Tokens = []
    timed = line.odds(time)
    if timed and line.odds(front):
        before = comma(when(line, mode.tense))
    person = subject(line, who, particle)
    if timed and not before:
        after = when(line, mode.tense)
    middle: Tokens = []
    if mode == ("present", "", False) and not timed:
        often = line.pick(OFTEN)
        middle = render(line, often.ko, often.en)
    elif mode.form == "doing" and mode.tense == "present" and line.odds(0.5):
        after = tie("now", line.say("지금"))
    act = anything(line, who, free or bool(mode.form))
    group = predicate(line, act, mode, ending or who.level, person.who, honored=who.honored)
    if mode == ("present", "ever", False):
        after = tie("before", group.last - 1)
    return before + person.en + group.aux + middle + group.main + act.tail + after
