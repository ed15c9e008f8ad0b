"""From a file to the same file translated: its units go through the model line by line."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from regard.data.corpus.base import languages
from regard.data.glossary import Glossary
from regard.files.base import Answer, Document, Many, joined
from regard.recipe import UserError
from regard.tasks.survive import Kept, surviving
from regard.tasks.translator import Translator

Parts = Callable[[Sequence[str]], Iterable[Sequence[str]]]  # of a sequence, to show how far one is

KNOWN = ("memory", "same")  # answers that no model gave


class Filled(NamedTuple):
    """The file, how many units were filled, how their lines were answered, and how many units stay
    as they are because their answers were too unsure.
    """

    data: bytes
    units: int
    how: Counter[str]
    unsure: int = 0


class Plan(NamedTuple):
    """A unit and its lines, each with the white space around it; of what is taken as a whole (from
    the memory, or a listing) the unit is the only one.
    """

    unit: str
    lines: list[tuple[str, str, str]]

    @property
    def cores(self) -> list[str]:
        """Its lines that hold something."""
        return [core for _, core, _ in self.lines if core]


def fill(
    document: Document, translator: Translator, direction: str | None, name: str,
    memory: Mapping[str, str], parts: Parts, terms: Glossary | None = None,
    least: float | None = None,
) -> Filled:  # fmt: skip
    """Every unit answered; what the memory holds wins over the model.

    With `least`, a unit whose answer is less probable to be good stays as it is. Raises UserError
    if the run does not translate into the file's language, or knows no probabilities.
    """
    if least is not None and translator.confidence is None:
        raise UserError(f"{name}: --min-confidence needs a run that knows how probable its answers "
                        "are to be good; `regard calibrate` teaches it")  # fmt: skip
    direction = towards(document, translator, direction, name)
    if isinstance(document, Many):
        document = document.aimed(*languages(direction))
    plans = [planned(unit, memory) for unit in document.units]
    answers = {line: at_once(line, memory) for plan in plans for line in plan.cores}
    asked = [line for line, kept in answers.items() if kept is None]
    found: dict[str, Kept] = {line: kept for line, kept in answers.items() if kept is not None}
    for some in parts(asked):
        found |= zip(some, surviving(translator, some, direction, terms), strict=True)
    for number, plan in enumerate(plans):
        if not document.fits(number, put(plan, found)):
            why = "no answer kept its structure"
            found |= {line: Kept(line, "source", why=why) for line in plan.cores}
    sure = [least is None or all(trusted(found[x], least) for x in plan.cores) for plan in plans]
    said = [answer(plan, found) if x else None for plan, x in zip(plans, sure, strict=True)]
    how: Counter[str] = Counter(kept.how for kept in found.values())
    return Filled(document.filled(said), sum(sure), how, len(sure) - sum(sure))


def planned(unit: str, memory: Mapping[str, str]) -> Plan:
    """How a unit is to be answered."""
    whole = unit in memory or is_code(unit)
    return Plan(unit, [("", unit, "")] if whole else framed(unit))


def at_once(line: str, memory: Mapping[str, str]) -> Kept | None:
    """The answer to what is not for the model."""
    if line in memory:
        return Kept(memory[line], "memory")
    return Kept(line, "same") if is_code(line) else None


def put(plan: Plan, found: Mapping[str, Kept]) -> str:
    """A unit's text in the other language."""
    return "".join(f"{a}{found[core].text if core else ''}{b}" for a, core, b in plan.lines)


def answer(plan: Plan, found: Mapping[str, Kept]) -> Answer:
    """A unit's answer: no more probable to be good than its least probable line."""
    mine = [found[core] for core in plan.cores if found[core].how not in KNOWN]
    lines = [Answer(kept.text, kept.confidence, kept.why) for kept in mine]
    return joined(lines)._replace(text=put(plan, found))


def trusted(kept: Kept, least: float) -> bool:
    """Is it from somebody, or probable enough?"""
    return kept.how in KNOWN or (kept.confidence is not None and kept.confidence >= least)


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


def towards(document: Document, translator: Translator, direction: str | None, name: str) -> str:
    """The direction that leads to the file's language, if it names one."""
    fit = translator.codec.into(document.language)
    if not fit:
        known = ", ".join(translator.codec.directions)
        raise UserError(f"{name}: is to be in {document.language}, and this run translates {known}")
    if direction is None and len(fit) == 1:
        return fit[0]
    return translator.codec.direction(direction)
