"""The line contract: what is blank, how a long line is cut, how an answer stays one line."""

import re
from collections.abc import Callable

# A sentence ends after . ! ? … or their full-width forms and closing quotes or brackets, before a space; or after 。！？.
END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])(?=\S)")


def blank(line: str) -> bool:
    """Nothing that could be translated: empty, white space, or only invisible characters."""
    return not any(c.isprintable() and not c.isspace() for c in line)


def one_line(text: str) -> str:
    """The text without line ends of its own."""
    return text.replace("\r", " ").replace("\n", " ")


def pieces(line: str, fits: Callable[[str], bool]) -> list[str]:
    """The line whole if it fits, else cut at sentence ends, else at spaces, else anywhere."""
    if fits(line):
        return [line]
    for cut in (sentences, halves_at_space, halves):
        parts = [p for p in cut(line) if not blank(p)]
        if len(parts) > 1 or len(parts[0]) < len(line):
            return [piece for part in packed(parts, fits) for piece in pieces(part, fits)]
    return [line]


def packed(parts: list[str], fits: Callable[[str], bool]) -> list[str]:
    """Neighbours joined again as long as they fit."""
    out = [parts[0]]
    for part in parts[1:]:
        both = f"{out[-1]} {part}"
        if fits(both):
            out[-1] = both
        else:
            out.append(part)
    return out


def sentences(line: str) -> list[str]:
    """The line's sentences."""
    out, start = [], 0
    for match in END.finditer(line):
        out.append(line[start : match.end()].strip())
        start = match.end()
    return [*out, line[start:].strip()]


def halves_at_space(line: str) -> list[str]:
    """Cut at the space nearest the middle."""
    middle = len(line) // 2
    left, right = line.rfind(" ", 0, middle), line.find(" ", middle)
    near = [i for i in (left, right) if i > 0]
    if not near:
        return [line]
    at = min(near, key=lambda i: abs(i - middle))
    return [line[:at].strip(), line[at:].strip()]


def halves(line: str) -> list[str]:
    """Cut in the middle."""
    return [line[: len(line) // 2], line[len(line) // 2 :]]
