"""Marks: what in a text is no language and must come through a translation exactly once.

Addresses, placeholders (printf, Python, ICU, {{...}}, ${...}), tags, entities, code spans, and the
roles and links of reStructuredText and Markdown. Of a role or link with a title of its own, the
title is text and the rest is the mark.
"""

import re
from collections import Counter
from typing import NamedTuple

URL = r"(?:https?|ftp)://[^\s<>\"'`\\\u0080-\U0010ffff]*[^\s<>\"'`\\\u0080-\U0010ffff.,;:!?)\]}*_]"
_INNER = r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"  # a branch of an ICU choice, which may hold arguments
_TITLED = r"[^`<>]*[^`<>\s]\s+<[^`<>]+>"  # `title <target>`
_PATTERN = re.compile(
    "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in {
            "literal": r"``[^`](?:.*?[^`])??``(?!`)",  # of reST, or a code span of Markdown
            "titled": rf"(?::[A-Za-z][\w:.+-]*:)?`{_TITLED}`_{{0,2}}",
            "role": r":[A-Za-z][\w:.+-]*:`[^`]+`",
            "span": r"`[^`]+`_{0,2}",
            "url": URL,
            "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
            "tag": r"</?[A-Za-z][^<>]*>|<!--.*?-->",
            "entity": r"&(?:#\d+|#[xX][\da-fA-F]+|[A-Za-z]\w*);",
            "template": r"\{\{.*?\}\}|\{%.*?%\}|\$\{\w+\}",
            "choice": rf"\{{\s*\w+\s*,\s*(?:plural|select(?:ordinal)?)\s*,(?:[^{{}}]|{_INNER})*\}}",
            "brace": r"\{\w*(?:[.\[!:,][^{}]*)?\}",
            # a word of its own: "50 %s" of "50% solution" has no letter after it
            "printf": r"%(?:\(\w+\)|\d+\$)?[-+0#]?\d*(?:\.\d+)?[sdifgxr](?![^\W_])",
            "substitution": r"\|[^|\s](?:[^|\n]*[^|\s])?\|(?:_{1,2})?",
            "target": r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)",  # of Markdown
            "footnote": r"\[(?:#\w*|\*|\d+)\]_",
        }.items()
    ),
    re.DOTALL,
)


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


def differing(source: str, answer: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The marks that the answer lacks, and those that it has too many."""
    wanted = Counter(mark.parts for mark in marks(source))
    given = Counter(mark.parts for mark in marks(answer))
    return list((wanted - given).elements()), list((given - wanted).elements())


def survive(source: str, answer: str) -> bool:
    """Did every mark come through exactly once?"""
    return differing(source, answer) == ([], [])
