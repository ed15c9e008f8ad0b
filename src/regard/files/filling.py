"""From a file to the same file translated: its units go through the model line by line."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from regard.files.base import Answer, Document
from regard.recipe import UserError
from regard.tasks.survive import Kept, surviving
from regard.tasks.translator import Translator

Parts = Callable[[Sequence[str]], Iterable[Sequence[str]]]  # of a sequence, to show how far one is


class Filled(NamedTuple):
    """The file, how many units it had to fill, how their lines were answered, and how
    many of them are listings."""

    data: bytes
    units: int
    how: Counter[str]


def fill(
    document: Document, translator: Translator, direction: str | None, name: str,
    memory: Mapping[str, str], parts: Parts,
) -> Filled:  # fmt: skip
    """Every unit answered; what the memory holds wins over the model.

    Raises UserError if the run does not translate into the file's language.
    """
    direction = towards(document, translator, direction, name)
    said = [unit for unit in document.units if unit not in memory and not is_code(unit)]
    lines = dict.fromkeys(core for unit in said for _, core, _ in framed(unit) if core)
    answers = {line: Kept(memory[line], 0.0, "memory") for line in lines if line in memory}
    for some in parts([line for line in lines if line not in memory]):
        answers |= zip(some, surviving(translator, some, direction), strict=True)
    answers[""] = Kept("", 0.0, "model")
    found = []
    for unit in document.units:
        if unit in memory or is_code(unit):
            found.append(Answer(memory.get(unit, unit), unit not in memory))
            continue
        frames = framed(unit)
        text = "".join(f"{lead}{answers[core].text}{tail}" for lead, core, tail in frames)
        found.append(Answer(text, any(answers[core].how == "source" for _, core, _ in frames)))
    how: Counter[str] = Counter(kept.how for line, kept in answers.items() if line)
    whole = sum(unit in memory for unit in document.units)
    how["memory"] += whole
    how["code"] = len(document.units) - len(said) - whole
    return Filled(document.filled(found), len(found), how)


def is_code(unit: str) -> bool:
    """Is it a listing? Then it stands in every language as it is."""
    lines = unit.strip("\n").split("\n")
    prompts = sum(line.startswith((">>>", "... ", "$ ")) for line in lines)
    indented = sum(line.startswith(("  ", "\t")) for line in lines[1:])
    return bool(prompts) or (len(lines) > 1 and bool(indented))


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
