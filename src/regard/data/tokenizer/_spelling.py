"""Ways to write a text before it is cut into pieces, each with its inverse.

`spaced` puts a space before the text, so that its first word is the piece it would be anywhere
else. `jamo` also takes Korean syllables apart into their letters (한 -> ᄒ ᅡ ᆫ).
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

SYLLABLES = re.compile("[\uac00-\ud7a3]+")
SPELT = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
# A letter that was apart in the text already stays apart: it is marked by a code point that Unicode
# keeps free for such internal use. The mark marks itself as well, so the inverse is exact.
MARK = "\ufdd0"
APART = re.compile(f"[\u1100-\u1112\u1161-\u1175\u11a8-\u11c2{MARK}]")
MARKED = re.compile(f"{MARK}(.)", re.DOTALL)


class Spelling(NamedTuple):
    """`read(write(text)) == text` for every text."""

    write: Callable[[str], str]
    read: Callable[[str], str]


def space(text: str) -> str:
    """A space before the text, unless there is nothing."""
    return " " + text if text else text


def unspace(text: str) -> str:
    """The text without the space before it."""
    return text.removeprefix(" ")


def decompose(text: str) -> str:
    """Syllables as letters, everything else as it is."""
    text = APART.sub(lambda found: MARK + found[0], text)
    return SYLLABLES.sub(lambda found: unicodedata.normalize("NFD", found[0]), text)


def compose(text: str) -> str:
    """Letters as syllables again."""
    text = SPELT.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    return MARKED.sub(r"\1", text)


SPELLINGS = {
    "plain": Spelling(str, str),
    "spaced": Spelling(space, unspace),
    "jamo": Spelling(lambda text: space(decompose(text)), lambda text: compose(unspace(text))),
}
