"""Sentences of several clauses: reasons, conditions, times, aims, thoughts, relative clauses."""

from . import english as en
from . import korean as ko
from .acts import Sentence, able
from .clause import GOALS, Act, Mode, anybody, anything, predicate, tell, third, transitive, when
from .facts import feeling, quality, weather
from .lexicon import MINE, NAMES, SELF, VERBS
from .line import ADJECTIVES_OF, Line, Tokens, comma, loose, subject, tie

_MADE = {
    "make", "buy", "bake", "write", "draw", "borrow", "fix", "choose", "order", "send", "prepare",
    "wash", "cut", "plant",
}  # fmt: skip
_USED = {
    "read", "eat", "drink", "wear", "receive", "throw away", "lose", "look for", "sell", "carry",
    "hang", "wipe",
}  # fmt: skip
_PAIRS = tuple(  # two verbs and a noun: somebody ate the bread that somebody baked
    (first, second, noun)
    for first in VERBS
    for second in VERBS
    if first.en in _MADE and second.en in _USED
    for noun in first.objects
    if noun in second.objects and ADJECTIVES_OF[noun.group]
)


def _mode(line: Line, tense: str) -> Mode:
    return Mode(tense, "", line.odds(0.15))


def sequence(line: Line) -> Sentence:
    """One person does two things: 빵을 먹고 우유를 마셨다."""
    person = anybody(line)
    who = subject(line, person, "은")
    tense = line.pick(("past", "future"))
    time = when(line, tense) if line.odds(0.3) else []
    first = anything(line, person, True)
    at = line.say(ko.plain(first.stem, "고"))
    shape = "base" if tense == "future" else f"past-{who.who}"
    before = tie(en.inflect(first.en, shape), at) + first.tail + loose("and", at)
    second = anything(line, person, True)
    level, honored = person.level, person.honored
    line.odd = line.odd or first.en == second.en
    group = predicate(line, second, Mode(tense), level, who.who, honored=honored)
    return who.en + group.aux + before + group.main + second.tail + time, "."


def contrast(line: Line) -> Sentence:
    """Two people (three or four where the sentence may be long) do different things."""
    tense = line.pick(("past", "present", "future"))
    english: Tokens = []
    for _ in range(line.pick((2, 3)) if line.longer else 1):
        word, ending = line.pick((("and", "고"), ("but", "지만")))
        clause = tell(line, third(line), _mode(line, tense), ending, time=0.15)
        english += comma(clause) + loose(word, len(line.ko) - 1)
    return english + tell(line, third(line), _mode(line, tense), time=0.15), "."


def _reason(line: Line, tense: str) -> Tokens:
    """Write a clause that explains something, with 기 때문에; English starts with because."""
    roll = line.random()
    if roll < 0.4:
        clause = weather(line, "기 때문에", "이", tense)[0]
    elif roll < 0.9:
        clause = feeling(line, "기 때문에", "이", tense)[0]
    else:
        clause = quality(line, "기 때문에", "이", tense)[0]
    return tie("because", len(line.ko) - 1) + clause


def reason(line: Line) -> Sentence:
    tense = line.pick(("past", "past", "future"))
    why = _reason(line, "past" if tense == "past" else "present")
    if line.longer:
        first = tell(line, third(line), _mode(line, tense), "고")
        and_ = loose("and", len(line.ko) - 1)
        second = tell(line, third(line), _mode(line, tense))
        return comma(first) + and_ + second + why, "."
    return tell(line, anybody(line), _mode(line, tense), time=0.3, front=0) + why, "."


def condition(line: Line) -> Sentence:
    """If it rains, somebody will do something."""
    clause = weather if line.odds(0.6) else feeling
    before = clause(line, "면", "이", "present")[0]
    before = loose("if", len(line.ko) - 1) + comma(before)
    rest = tell(line, anybody(line), _mode(line, "future"), time=0.2, front=0)
    return before + rest, "."


def meanwhile(line: Line) -> Sentence:
    """When somebody came, somebody else was reading."""
    who = subject(line, third(line), "이")
    stem, verb = line.pick((("오", "come"), ("가", "go")))
    goal = line.pick(GOALS)
    act = Act(stem, verb, tie(goal.to, line.say(goal.ko + "에")))
    group = predicate(line, act, Mode("past"), "때", who.who)
    before = tie("when", group.last) + who.en + group.main + comma(act.tail)
    return before + tell(line, anybody(line), Mode("past", "doing"), time=0), "."


def order_of_events(line: Line) -> Sentence:
    """Before or after doing one thing, somebody did another."""
    person = able(line)
    who = subject(line, person, "은")
    first = anything(line, person, True)
    word, ending = line.pick((("before", "기 전에"), ("after", "ㄴ 후에")))
    join = ko.plain if word == "before" else ko.eu
    at = line.say(join(first.stem, ending)) - 1
    side = tie(word, at + 1) + tie(en.inflect(first.en, "ing"), at) + first.tail
    act = anything(line, person, True)
    line.odd = line.odd or first.en == act.en
    group = predicate(line, act, Mode(line.pick(("past", "future"))), person.level, who.who)
    return who.en + group.aux + group.main + act.tail + side, "."


def together(line: Line) -> Sentence:
    """Somebody did one thing while doing another."""
    person = able(line)
    who = subject(line, person, "은")
    first = transitive(line, person, True)
    at = line.say(ko.eu(first.stem, "면서"))
    side = loose("while", at) + tie(en.inflect(first.en, "ing"), at) + first.tail
    act = transitive(line, person, True, place=False)
    line.odd = line.odd or first.en == act.en
    group = predicate(line, act, Mode("past"), person.level, who.who)
    return who.en + group.aux + group.main + act.tail + side, "."


def errand(line: Line) -> Sentence:
    """Somebody goes somewhere to do something."""
    person = able(line)
    who = subject(line, person, "은")
    tense = line.pick(("past", "past", "future"))
    time = when(line, tense) if line.odds(0.4) else []
    aim = transitive(line, person, True, place=False)
    at = line.say(ko.eu(aim.stem, "러"))
    side = loose("to", at) + tie(aim.en, at) + aim.tail
    goal = line.pick(aim.places or GOALS)
    to = tie(goal.to, line.say(goal.ko + "에"))
    stem, verb = line.pick((("오", "come"), ("가", "go")))
    group = predicate(line, Act(stem, verb, to), Mode(tense), person.level, who.who)
    return who.en + group.aux + group.main + to + side + time, "."


def aim(line: Line) -> Sentence:
    """Somebody does one thing in order to do another."""
    person = able(line)
    who = subject(line, person, "은")
    first = transitive(line, person, True, place=False)
    at = line.say(ko.plain(first.stem, "기 위해")) - 1
    side = tie("in order to", at + 1) + tie(first.en, at) + first.tail
    act = anything(line, person, True)
    line.odd = line.odd or first.en == act.en
    group = predicate(line, act, Mode(line.pick(("past", "future"))), person.level, who.who)
    return who.en + group.aux + group.main + act.tail + side, "."


def _news(line: Line, ending: str) -> Tokens:
    """Write a clause that is thought, said or heard."""
    roll = line.random()
    if roll < 0.3:
        return quality(line, ending, "이")[0]
    if roll < 0.5:
        return feeling(line, ending, "이")[0]
    tense = line.pick(("past", "future"))
    return tell(line, third(line), _mode(line, tense), ending, "이", time=0.25, front=0)


def thought(line: Line) -> Sentence:
    person = able(line)
    who = subject(line, person, "은")
    clause = _news(line, "다고")
    stem, verb, tense = line.pick(
        (("생각하", "think", "present"), ("믿", "believe", "present"), ("듣", "hear", "past"))
    )
    that = loose("that", len(line.ko) - 1)
    group = predicate(line, Act(stem, verb, []), Mode(tense), person.level, who.who)
    return who.en + group.main + that + clause, "."


def relative_subject(line: Line) -> Sentence:
    """The thing that somebody bought is expensive."""
    first, _, noun = line.pick(_PAIRS)
    maker = line.pick((*NAMES, *MINE, SELF))
    by = subject(line, maker, "이")
    at = line.say(ko.adnominal(first.stem, True, "past"))
    line.objects.append((first.en, noun.en))
    head = line.say(ko.attach(noun.ko, "은"))
    what = tie(f"the {noun.en}", head) + loose("that", at) + by.en
    what += tie(en.inflect(first.en, f"past-{by.who}"), at)
    adjective = line.pick(ADJECTIVES_OF[noun.group])
    act = Act(adjective.stem, adjective.en, [], verb=False)
    who = "p" if noun.article == "+" else "3"
    group = predicate(line, act, Mode("present", "", line.odds(0.2)), "다", who)
    return what + group.aux + group.main, "."


def relative_object(line: Line) -> Sentence:
    """Somebody ate the bread that somebody made."""
    person = able(line)
    who = subject(line, person, "은")
    first, second, noun = line.pick(_PAIRS)
    by = subject(line, line.pick(NAMES), "이")
    at = line.say(ko.adnominal(first.stem, True, "past"))
    head = line.say(ko.attach(noun.ko, "을"))
    line.objects += [(first.en, noun.en), (second.en, noun.en)]
    what = tie(f"the {noun.en}", head) + loose("that", at) + by.en
    what += tie(en.inflect(first.en, f"past-{by.who}"), at)
    act = Act(second.stem, second.en, what)
    mode = Mode(line.pick(("past", "future")), "", line.odds(0.15))
    group = predicate(line, act, mode, person.level, who.who)
    return who.en + group.aux + group.main + what, "."


def relative_person(line: Line) -> Sentence:
    """The child who is reading a book is Minsu."""
    act = anything(line, None, True)
    first = line.say(ko.plain(act.stem, "고"))
    doing = line.say("있는")
    word, english = line.pick((("사람", "person"), ("아이", "child"), ("학생", "student")))
    head = line.say(ko.attach(word, "은"))
    name = line.pick((*NAMES, *MINE))
    line.person(name)
    at = line.say(ko.copula(name.ko, "present", name.level))
    words = name.en.split()
    who = tie(words[0], at) if name.name else tie("my", at - 1) + tie(" ".join(words[1:]), at)
    what = tie(f"the {english}", head) + loose("who", doing) + tie("is", doing)
    return what + tie(en.inflect(act.en, "ing"), first) + act.tail + loose("is", at) + who, "."
