"""Marks: what in a text is no language and must come through a translation exactly once.

Addresses, placeholders (printf, Python, ICU, {{...}}, ${...}), tags, entities, code spans, and the
roles and links of reStructuredText and Markdown. Of a role or link with a title of its own, the
title is text and the rest is the mark.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from regard.data.splicing import spliced

CODES = ("bpt", "ept", "it", "ph", "ut")  # of TMX and XLIFF: what they hold is no language
# Scripts that write words without a space between, or, as Korean does, particles behind a word.
SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff"
    "\uff66-\uffdc\U00020000-\U0003ffff"
)
SIGNS = "%{}`<>$&|"  # that marks are made of, and language seldom
LETTER = rf"[^\W_{SPACELESS}]"  # or digit, of any other script
_INNER = r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"  # a branch of an ICU choice, which may hold arguments
_TITLED = r"[^`<>]*[^`<>\s]\s+<[^`<>]+>"  # `title <target>`

_SOME = r".{0,2000}?"  # not to the end of a long line from every place where a mark seems to open
_DIRECTIVE = r"%(?:\(\w+\)|\d+\$)?[-+0#]?\d*(?:\.\d+)?[sdifgxr]"

# What a mark looks like, by kind; where two begin at one place, the first kind has it.
KINDS = {
    "literal": rf"``[^`](?:{_SOME}[^`])??``(?!`)",  # of reST, or a code span of Markdown
    "titled": rf"(?::[A-Za-z][\w:.+-]*:)?`{_TITLED}`_{{0,2}}",
    "role": r":[A-Za-z][\w:.+-]*:`[^`]+`",
    "span": r"`[^`]+`_{0,2}",
    "url": r"(?i:https?|ftp)://[^\s<>\"'`\\\u0080-\U0010ffff]*"
           r"[^\s<>\"'`\\\u0080-\U0010ffff.,;:!?)\]}*_]",
    "email": r"(?a:(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
    "code": rf"<(?P<_code>{'|'.join(CODES)})\b(?:[^<>]*[^<>/])?>{_SOME}</(?P=_code)>",
    "tag": rf"</?[A-Za-z][^<>]*>|<!--{_SOME}-->",
    "entity": r"&(?:#\d+|#[xX][\da-fA-F]+|[A-Za-z]\w*);",
    "template": rf"\{{\{{{_SOME}\}}\}}|\{{%{_SOME}%\}}|\$\{{\w+\}}",
    "choice": rf"\{{\s*\w+\s*,\s*(?:plural|select(?:ordinal)?)\s*,(?:[^{{}}]|{_INNER})*\}}",
    "brace": r"\{\w*(?:[.\[!:,][^{}]*)?\}",
    # "%dm" and "%s는" hold one; "100%sure" and "5 %ige" speak of a share
    "printf": rf"(?<!\d)(?<!\d\s){_DIRECTIVE}|{_DIRECTIVE}(?!{LETTER})",
    "substitution": r"\|[^|\s](?:[^|\n]*[^|\s])?\|(?:_{1,2})?",
    "target": r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)",  # of Markdown
    "footnote": r"\[(?:#\w*|\*|\d+)\]_",
}  # fmt: skip


def pattern(*kinds: str) -> re.Pattern[str]:
    """What finds marks of these kinds, which are the names of its groups."""
    return re.compile("|".join(f"(?P<{kind}>{KINDS[kind]})" for kind in kinds), re.DOTALL)


_PATTERN = pattern(*KINDS)


class Mark(NamedTuple):
    """A mark in a text: `parts` are what must be there, in one piece or around a title."""

    start: int
    end: int
    parts: tuple[str, ...]


def marks(text: str) -> list[Mark]:
    """Those of a text, in order; none overlaps another."""
    return [
        Mark(match.start(), match.end(), parts(match[0], match.lastgroup == "titled"))
        for match in _PATTERN.finditer(text)
    ]


def parts(mark: str, titled: bool) -> tuple[str, ...]:
    """What must be there of it."""
    if not titled:
        return (mark,)
    return mark[: mark.index("`") + 1], mark[mark.rindex("<") :]


def between(text: str) -> Iterator[tuple[int, int]]:
    """From where to where a text is language: before, between and behind its marks, in titles."""
    at = 0
    for mark in marks(text):
        yield at, mark.start
        if len(mark.parts) > 1:
            yield mark.start + len(mark.parts[0]), mark.end - len(mark.parts[1])
        at = mark.end
    yield at, len(text)


def differing(source: str, answer: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The marks that the answer lacks, and those that it has too many."""
    wanted = Counter(mark.parts for mark in marks(source))
    given = Counter(mark.parts for mark in marks(answer))
    return list((wanted - given).elements()), list((given - wanted).elements())


def survive(source: str, answer: str) -> bool:
    """Did every mark come through exactly once, without remains of broken ones, those that count by
    their order in order, tags as deep in others as they were, and none stuck to a word that it did
    not stick to?
    """
    return (
        differing(source, answer) == ([], [])
        and not remains(source, answer)
        and ordered(source) == ordered(answer)
        and Counter(depths(source)) == Counter(depths(answer))
        and len(glued(answer)) <= len(glued(source))
    )


def remains(source: str, answer: str) -> list[str]:
    """What looks left of a mark in the answer: signs outside marks that the source has in marks
    only, such as the % of "%(nam)".
    """
    theirs, ours = (
        Counter(sign for start, end in between(text) for sign in text[start:end] if sign in SIGNS)
        for text in (source, answer)
    )
    held = {sign for mark in marks(source) for part in mark.parts for sign in part}
    return [sign for sign in (ours - theirs).elements() if sign in held]


def ordered(text: str) -> list[str]:
    """The marks that mean something by their place among their like: %s and %d, not %(name)s."""
    first = (mark.parts[0] for mark in marks(text))
    return [part for part in first if part[0] == "%" and part[1] != "(" and "$" not in part]


def depths(text: str) -> Iterator[tuple[str, int]]:
    """Its tags, and how many others that are closed somewhere each lies in."""
    tags = [match[0] for match in _PATTERN.finditer(text) if match.lastgroup == "tag"]
    closed = {tag[2:-1].strip() for tag in tags if tag.startswith("</")}
    depth = 0
    for tag in tags:
        depth -= tag.startswith("</")
        yield tag, depth
        depth += tag.strip("<>").split()[0] in closed and not tag.endswith("/>")


def glued(text: str) -> list[int]:
    """Where a role or literal of reStructuredText touches a letter, and so is none to it."""
    found = [m for m in _PATTERN.finditer(text) if m.lastgroup in ("literal", "titled", "role")]
    places = [place for match in found for place in match.span() if 0 < place < len(text)]
    return [at for at in places if text[at - 1].isalnum() or text[at].isalnum()]


def unglued(text: str) -> str:
    """The same with an escaped space, which nobody sees, at these places."""
    return spliced(text, [(at, at, "\\ ") for at in glued(text)])
