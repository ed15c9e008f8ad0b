"""English morphology for the phrasebook: verb forms, plurals, comparatives, numerals, a or an."""

from functools import cache

_VERBS = {
    "be": "was been", "have": "had had", "do": "did done", "read": "read read",
    "write": "wrote written", "eat": "ate eaten", "drink": "drank drunk", "buy": "bought bought",
    "sell": "sold sold", "make": "made made", "teach": "taught taught", "send": "sent sent",
    "cut": "cut cut", "draw": "drew drawn", "choose": "chose chosen", "wear": "wore worn",
    "build": "built built", "give": "gave given", "lend": "lent lent", "show": "showed shown",
    "throw": "threw thrown", "take": "took taken", "lose": "lost lost", "meet": "met met",
    "go": "went gone", "come": "came come", "sleep": "slept slept", "run": "ran run",
    "swim": "swam swum", "get": "got gotten", "hang": "hung hung", "know": "knew known",
    "think": "thought thought", "catch": "caught caught", "can": "could could",
    "must": "must must", "hear": "heard heard", "bring": "brought brought",
}  # fmt: skip
_DOUBLING = {"cut", "run", "swim", "get", "plan"}
_PLURALS = {"child": "children", "fish": "fish", "mouse": "mice", "sheep": "sheep"}
_ONES = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = str.split("- - twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
MONTHS = str.split(
    "January February March April May June July August September October November December"
)


def _s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")) or word in ("potato", "tomato", "go", "do"):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def _ed(word: str) -> str:
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ied"
    if word in _DOUBLING:
        return word + word[-1] + "ed"
    return word + ("d" if word.endswith("e") else "ed")


def _ing(word: str) -> str:
    if word in _DOUBLING:
        return word + word[-1] + "ing"
    return (word[:-1] if word.endswith("e") and word[-2] not in "eo" and word != "be" else word) + (
        "ing"
    )


@cache
def inflect(verb: str, form: str) -> str:
    """`verb` (one or more words; the first one changes) as base, ing, done, past-x or present-x.

    The x is the subject: I, 3 (third person singular) or p (plural and you).
    """
    head, _, rest = verb.partition(" ")
    tense, _, who = form.partition("-")
    past, done = _VERBS.get(head, f"{_ed(head)} {_ed(head)}").split()
    if form == "ing":
        word = _ing(head)
    elif form == "done":
        word = done
    elif tense == "past":
        word = "were" if head == "be" and who == "p" else past
    elif form == "base" or head in ("can", "must"):
        word = head
    elif head == "be":
        word = {"I": "am", "3": "is", "p": "are"}[who]
    else:
        word = ({"have": "has"}.get(head) or _s(head)) if who == "3" else head
    return f"{word} {rest}" if rest else word


@cache
def plural(noun: str) -> str:
    """The plural of a noun of one or more words; the last one changes."""
    before, space, last = noun.rpartition(" ")
    return before + space + (_PLURALS.get(last) or _s(last))


@cache
def more(adjective: str) -> str:
    """The comparative: bigger, heavier, more expensive."""
    if adjective in ("good", "bad", "far"):
        return {"good": "better", "bad": "worse", "far": "farther"}[adjective]
    if adjective.endswith("y"):
        return adjective[:-1] + "ier"
    if adjective in ("big", "hot"):
        return adjective + adjective[-1] + "er"
    if adjective in ("cute", "large"):
        return adjective + "r"
    if len(adjective) <= 5 or adjective == "bright":
        return adjective + "er"
    return "more " + adjective


@cache
def article(following: str) -> str:
    """a or an, by the sound of the word that follows."""
    return "an" if following[0] in "aeiou" and not following.startswith(("uni", "use")) else "a"


def words(number: int) -> str:
    """0 to 999,999 in words: 32 is thirty-two, 15000 is fifteen thousand."""
    if number >= 1000:
        low = words(number % 1000) if number % 1000 else ""
        return f"{words(number // 1000)} thousand {low}".rstrip()
    if number >= 100:
        low = words(number % 100) if number % 100 else ""
        return f"{_ONES[number // 100]} hundred {low}".rstrip()
    if number < 20:
        return _ONES[number]
    return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")


def ordinal(number: int) -> str:
    """1 to 99 as an ordinal in words: first, twentieth, twenty-first."""
    before, dash, last = words(number).rpartition("-")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    else:
        last = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return before + dash + last


def th(number: int) -> str:
    """A number with its ordinal ending: 1st, 3rd, 11th."""
    small = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 20 else small}"
