"""What people say to each other: questions, requests, favours, orders, proposals."""

from . import english as en
from . import korean as ko
from .acts import Sentence
from .clause import Act, Mode, anything, predicate, transitive, when
from .lexicon import NAMES, SELF, VERBS
from .line import Line, Phrase, Tokens, also, comma, loose, subject, tie

_ASKED = tuple(verb for verb in VERBS if verb.free and len(verb.objects) > 5)
_SELFISH = {
    "eat", "drink", "wear", "watch", "study", "learn", "listen to", "meet", "take", "raise",
    "borrow",
}  # fmt: skip
_COUNTED = tuple(v for v in VERBS if v.free and any(noun.counter for noun in v.objects))


def _asked(line: Line) -> Phrase:
    """Whom a question is about: a name with 씨, or you, who shows in the verb alone."""
    if line.odds(0.5):
        return subject(line, line.pick(NAMES), "은", polite=True)
    return Phrase([], "you")


def _ask(line: Line, word: Tokens, who: Phrase, act: Act, mode: Mode, time: Tokens) -> Sentence:
    """Write the verb of a question; English inverts, and names the `you` of an honorific verb."""
    you = who.who == "you"
    group = predicate(line, act, mode, "요", who.who, True, honored=you)
    person = loose("you", group.last) if you else who.en
    return word + group.aux + person + group.main + act.tail + time, "?"


def _tense(line: Line) -> Mode:
    return Mode(line.pick(("past", "past", "future")))


def question(line: Line) -> Sentence:
    who, roll = _asked(line), line.random()
    mode = Mode("past" if roll < 0.4 else "present" if roll < 0.6 else "future")
    if roll > 0.8:
        mode = Mode("present", line.pick(("doing", "want", "can")))
    time = when(line, mode.tense) if not mode.form and line.odds(0.5) else []
    return _ask(line, [], who, anything(line, None, True), mode, time)


def what(line: Line) -> Sentence:
    who, mode = _asked(line), _tense(line)
    time = when(line, mode.tense) if line.odds(0.4) else []
    verb = line.pick(_ASKED)
    # 드시다 is both to eat and to drink; without an object it is taken for eating
    line.odd = line.odd or (who.who == "you" and verb.en == "drink")
    word = tie("what", line.say("무엇을"))
    return _ask(line, word, who, Act(verb.stem, verb.en, []), mode, time)


def where(line: Line) -> Sentence:
    who, mode = _asked(line), _tense(line)
    time = when(line, mode.tense) if line.odds(0.4) else []
    word = tie("where", line.say("어디에서"))
    return _ask(line, word, who, transitive(line, None, True, place=False), mode, time)


def whither(line: Line) -> Sentence:
    who, mode = _asked(line), _tense(line)
    time = when(line, mode.tense) if line.odds(0.7) else []
    word = tie("where", line.say("어디에"))
    return _ask(line, word, who, Act("가", "go", []), mode, time)


def at_what_time(line: Line) -> Sentence:
    who, mode = _asked(line), _tense(line)
    word = tie("when", line.say("언제"))
    return _ask(line, word, who, anything(line, None, True), mode, [])


def why(line: Line) -> Sentence:
    who = _asked(line)
    word = tie("why", line.say("왜"))
    act = anything(line, None, True)
    return _ask(line, word, who, act, Mode("past", "", line.odds(0.3)), [])


def how_many(line: Line) -> Sentence:
    who, mode = _asked(line), _tense(line)
    time = when(line, mode.tense) if line.odds(0.3) else []
    verb = line.pick(_COUNTED)
    noun = line.pick([noun for noun in verb.objects if noun.counter])
    line.objects.append((verb.en, noun.en))
    at = line.say(noun.ko)
    word = tie("how many", line.say("몇"))
    unit = line.say(ko.attach(noun.counter, "을"))
    if noun.unit:
        word += tie(en.plural(noun.unit), unit) + loose("of", unit) + tie(noun.en, at)
    else:
        word += also(tie(en.plural(noun.en), at), unit)
    return _ask(line, word, who, Act(verb.stem, verb.en, []), mode, time)


def who(line: Line) -> Sentence:
    word, mode = tie("who", line.say("누가")), _tense(line)
    time = when(line, mode.tense) if line.odds(0.4) else []
    act = anything(line)
    group = predicate(line, act, mode, "요", "3")
    return word + group.aux + group.main + act.tail + time, "?"


def _negative(line: Line, act: Act, word: str, start: str) -> Tokens:
    """Write 읽지 마세요 or 읽지 마: (please) do not read."""
    first = line.say(ko.plain(act.stem, "지"))
    at = line.say(word)
    return loose(start, at) + tie("not", at) + tie(act.en, first) + act.tail


def request(line: Line) -> Sentence:
    act = anything(line, SELF, True)
    if line.odds(0.3):
        return _negative(line, act, "마세요", "please do"), "."
    at = line.say(ko.a(ko.honorific(act.stem), "요"))
    return loose("please", at) + tie(act.en, at) + act.tail, "."


def favor(line: Line) -> Sentence:
    act = transitive(line, SELF, True)
    line.odd = line.odd or act.en in _SELFISH
    first = line.say(ko.a(act.stem))
    at = line.say("주시겠어요")
    return tie("could", at) + loose("you", at) + tie(act.en, first) + act.tail, "?"


def order(line: Line) -> Sentence:
    name = line.pick(NAMES)
    line.person(name)
    call = comma(tie(name.en, line.say(ko.attach(name.ko, "아") + ",")))
    act = anything(line, None, True)
    if line.odds(0.3):
        return call + _negative(line, act, "마", "do"), "."
    return call + tie(act.en, line.say(ko.a(act.stem))) + act.tail, "."


def proposal(line: Line) -> Sentence:
    time = when(line, "future") if line.odds(0.4) else []
    act = anything(line, SELF, True)
    line.odd = line.odd or act.en == "come"
    if line.odds(0.5):
        at = line.say(ko.eu(act.stem, "ㅂ시다"))
        return loose("let's", at) + tie(act.en, at) + act.tail + time, "."
    at = line.say(ko.eu(act.stem, "ㄹ까요"))
    return loose("shall we", at) + tie(act.en, at) + act.tail + time, "?"
