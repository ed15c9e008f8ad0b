"""Marks hidden behind reserved tokens, which a model carries across where it would misspell a mark.

Inside a string a reserved token is a character that no text has (see `tokenizer.base`), so strings
with hidden marks go wherever strings go, and nothing that somebody wrote is taken for a token. Of a
role or link with a title two tokens stand around the title, which is translated.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from regard.data.corpus.base import Row
from regard.data.marks import Mark, marks
from regard.data.tokenizer.base import ANY_RESERVED, RESERVED

SURROGATE = re.compile("[\ud800-\udfff]")


class Held(NamedTuple):
    """The parts of a mark, and for each part the reserved character that stands for it."""

    parts: tuple[str, ...]
    characters: str


class Masked(NamedTuple):
    """A text with reserved characters, and what they hold."""

    text: str
    held: tuple[Held, ...] = ()

    @classmethod
    def of(cls, text: str, found: Sequence[Mark], characters: str) -> "Masked":
        """With these marks hidden, in order, as long as there are characters for their parts."""
        chosen, at = [], 0
        for mark in found:
            mine = characters[at : at + len(mark.parts)]
            if len(mine) == len(mark.parts):
                chosen.append((mark, Held(mark.parts, mine)))
                at += len(mine)
        return cls(replaced(text, chosen), tuple(held for _, held in chosen))

    @property
    def hidden(self) -> dict[str, str]:
        """What each reserved character stands for."""
        return {c: p for x in self.held for c, p in zip(x.characters, x.parts, strict=True)}

    def shown(self, text: str) -> str:
        """This text, or an answer to it, with marks in place of reserved characters."""
        if not self.held:
            return text
        hidden = self.hidden
        return ANY_RESERVED.sub(lambda found: hidden.get(found[0], ""), text)

    def like(self, text: str) -> str:
        """Another text with the same marks hidden by the same characters, each at most once."""
        if not self.held:
            return text
        waiting = list(self.held)
        return replaced(clean(text), taken(marks(text), waiting))

    def phrases(self, given: Iterable[str]) -> list[str]:
        """Phrases for an answer, with characters for what is hidden; those of equal parts in turn.

        A phrase that is no more than such a part has no space around it.
        """
        hidden = sorted(((p, c) for c, p in self.hidden.items()), key=lambda x: -len(x[0]))
        waiting, found = list(hidden), []
        for phrase in given:
            for pair in (*waiting, *hidden):
                if pair[0] in phrase:
                    phrase = phrase.replace(*pair, 1)
                    waiting = [x for x in waiting if x != pair]
            bare = phrase.strip()
            found.append(bare if bare in RESERVED else phrase)
        return found


class Masks:
    """Hides marks behind `count` reserved characters; more marks than that stay text."""

    def __init__(self, count: int):
        self.characters = "".join(RESERVED)[:count]

    def of(self, text: str) -> Masked:
        """A text in use: every mark hidden, in order."""
        if not self.characters:
            return Masked(text)
        text = clean(text)
        return Masked.of(text, marks(text), self.characters)

    def row(self, row: Row, key: str) -> Row:
        """A training row: what stands on both sides hidden, the rest left.

        Which character hides which mark is drawn, from `key` and the source alone: every one of
        them is trained, and none means a place.
        """
        if not self.characters:
            return row
        source, target = clean(row.source), clean(row.target)
        theirs, both = Counter(mark.parts for mark in marks(target)), []
        for mark in marks(source) if theirs else ():
            if theirs[mark.parts]:
                theirs[mark.parts] -= 1
                both.append(mark)
        if both:
            drawn = random.Random(f"{key} {source}").sample(self.characters, len(self.characters))
            masked = Masked.of(source, both, "".join(drawn))
            source, target = masked.text, masked.like(target)
        return row._replace(source=source, target=target)


def clean(text: str) -> str:
    """A text without half surrogates: they are no characters, and no text in UTF-8 has them."""
    return SURROGATE.sub("\ufffd", text)


def taken(found: Iterable[Mark], waiting: list[Held]) -> list[tuple[Mark, Held]]:
    """Those marks that wait, each with the first that is of its parts, which waits no longer."""
    chosen = []
    for mark in found:
        same = next((held for held in waiting if held.parts == mark.parts), None)
        if same:
            waiting.remove(same)
            chosen.append((mark, same))
    return chosen


def replaced(text: str, chosen: Sequence[tuple[Mark, Held]]) -> str:
    """The text with characters in place of the parts of these marks."""
    out, at = [], 0
    for mark, held in chosen:
        places = [mark.start, mark.end - len(held.parts[-1])][-len(held.parts) :]
        for place, part, character in zip(places, held.parts, held.characters, strict=True):
            out += [text[at:place], character]
            at = place + len(part)
    return "".join([*out, text[at:]])
