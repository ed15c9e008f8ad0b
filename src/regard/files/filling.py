"""From a file to the same file translated: its units go through the model line by line."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from regard.files.base import Answer, Document
from regard.recipe import UserError
from regard.tasks.survive import Kept, surviving
from regard.tasks.translator import Translator

Parts = Callable[[Sequence[str]], Iterable[Sequence[str]]]  # of a sequence, to show how far one is


class Filled(NamedTuple):
    """The file, how many units it had to fill, and how their lines were answered."""

    data: bytes
    units: int
    how: Counter[str]


def fill(
    document: Document, translator: Translator, direction: str | None, name: str, parts: Parts
) -> Filled:
    """Every unit answered. Raises UserError if the run does not translate into its language."""
    direction = towards(document, translator, direction, name)
    lines = dict.fromkeys(core for unit in document.units for _, core, _ in framed(unit))
    answers: dict[str, Kept] = {}
    for some in parts([line for line in lines if line]):
        answers |= zip(some, surviving(translator, some, direction), strict=True)
    answers[""] = Kept("", 0.0, "model")
    found = []
    for unit in document.units:
        frames = framed(unit)
        text = "".join(f"{lead}{answers[core].text}{tail}" for lead, core, tail in frames)
        found.append(Answer(text, any(answers[core].how == "source" for _, core, _ in frames)))
    how: Counter[str] = Counter(kept.how for line, kept in answers.items() if line)
    return Filled(document.filled(found), len(found), how)


def framed(unit: str) -> list[tuple[str, str, str]]:
    """Its lines, each without the white space around it, which stays as it is."""
    found = []
    for line in re.findall(r"[^\n]*\n|[^\n]+", unit):
        core = line.strip()
        at = line.index(core) if core else len(line)
        found.append((line[:at], core, line[at + len(core) :]))
    return found


def towards(
    document: Document, translator: Translator, direction: str | None, name: str
) -> str:
    """The direction that leads to the file's language, if it names one."""
    fit = translator.codec.into(document.language)
    if not fit:
        known = ", ".join(translator.codec.directions)
        raise UserError(f"{name}: is to be in {document.language}, and this run translates {known}")
    if direction is None and len(fit) == 1:
        return fit[0]
    return translator.codec.direction(direction)
