"""The line contract: what is blank, how a long line is cut, how an answer stays one line."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

# Where a line may be cut, best first. A sentence ends after . ! ? … and closing quotes or brackets
# before a space, or after their full-width forms.
SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])[」』”’）]*")
SPACE = re.compile(r"\s+")
INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # control, format (such as zero width), all separators


def blank(line: str) -> bool:
    """Nothing that could be translated: empty, white space, or only invisible characters."""
    return all(map(invisible, line))


@cache
def invisible(character: str) -> bool:
    """Is there nothing to see?"""
    return unicodedata.category(character) in INVISIBLE


def one_line(text: str) -> str:
    """The text without line ends of its own."""
    return text.replace("\r", " ").replace("\n", " ")


def pieces(line: str, fits: Callable[[str], bool]) -> list[str]:
    """The line as it is if it fits, else cut in two again and again; blank pieces are left out.

    Each cut is the sentence end nearest the middle, else the nearest space, else the middle; only
    white space at a cut is lost. So a line of n characters costs the tokenizer O(n log n).
    """
    if fits(line) or len(line) < 2:
        return [line]
    bare = line.strip()
    if bare != line:
        return pieces(bare, fits)
    at = middle(line)
    halves = [half for half in (line[:at].strip(), line[at:].strip()) if not blank(half)]
    return [piece for half in halves for piece in pieces(half, fits)]


def middle(line: str) -> int:
    """The best place to cut a line that begins and ends with something."""
    half = len(line) / 2
    for end in (SENTENCE, SPACE):
        places = [m.end() for m in end.finditer(line) if 0 < m.end() < len(line)]
        if places:
            return min(places, key=lambda place: abs(place - half))
    return len(line) // 2
