"""Translations through which every mark comes (placeholders, tags, code, addresses), and in which
every term of a glossary is said.

First the best answer; where it will not do, the best of the other hypotheses that will, or one
whose single garbled mark is put right; then a search that is made to say every mark and term; then
the text between the marks, piece by piece; and at last the source itself, told as such.
"""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

from regard.data.glossary import Glossary
from regard.data.marks import between, differing, marks, survive, unglued
from regard.data.splicing import spliced
from regard.tasks.decode.beam import Config as Beam
from regard.tasks.translator import Translation, Translator, Wish

How = Literal["memory", "same", "model", "other", "mended", "forced", "pieced", "source"]
HOW: tuple[How, ...] = get_args(How)  # the most to be trusted first
OTHERS = 5  # hypotheses that are looked at where the best one failed


@dataclass(frozen=True)
class Kept:
    """An answer that holds the marks of its source, and how it came about: from the model, from
    somebody who said it before, or the source itself; then `why` says what no answer held, but for
    what is the same in every language.
    """

    text: str
    how: How
    confidence: float | None = None
    score: float = 0.0
    why: str = ""


def surviving(
    translator: Translator, lines: Sequence[str], direction: str | None = None,
    terms: Glossary | None = None,
) -> list[Kept]:  # fmt: skip
    """An answer to each line, in order."""
    asked = Asked(translator, direction, terms or Glossary({}))
    found: dict[int, Kept] = {}
    left = list(range(len(lines)))
    for step in (asked.best, asked.others, asked.forced, asked.pieced):
        texts = [lines[i] for i in left]
        for i, row in zip(left, step(texts) if texts else [], strict=True):
            whole = next((kept for kept in row if asked.holds(lines[i], kept.text)), None)
            if whole is not None:
                found[i] = whole
        left = [i for i in left if i not in found]
    return [found.get(i) or asked.source(line) for i, line in enumerate(lines)]


class Asked:
    """What a call asks for, and the steps that answer it: candidates for each text, best first."""

    def __init__(self, translator: Translator, direction: str | None, terms: Glossary):
        self.translator, self.direction, self.terms = translator, direction, terms
        self.wide = translator if isinstance(translator.decode, Beam) else copy(translator)
        if self.wide is not translator:  # not every way of decoding has several answers
            self.wide.decode = Beam()

    def holds(self, text: str, answer: str) -> bool:
        """Is everything there that must be?"""
        return survive(text, answer) and self.terms.obeyed(text, answer)

    def best(self, texts: list[str]) -> list[list[Kept]]:
        """The answer that is given where nothing is asked for."""
        rows = self.translator.n_best(texts, Wish(self.direction))
        return [[kept(answer, "model") for answer in row] for row in rows]

    def others(self, texts: list[str]) -> list[list[Kept]]:
        """The other hypotheses of the beam, then those that can be mended."""
        rows = self.wide.n_best(texts, Wish(self.direction, best=OTHERS))
        return [
            [*(kept(answer, "other") for answer in row), *mended(text, row)]
            for text, row in zip(texts, rows, strict=True)
        ]

    def forced(self, texts: list[str]) -> list[list[Kept]]:
        """Hypotheses that had to say every mark and term."""
        said = [[*phrases(text), *self.terms.wanted(text)] for text in texts]
        rows = self.wide.n_best(texts, Wish(self.direction, best=OTHERS, terms=said))
        return [
            [replace(kept(x, "forced"), text=closed(text, x.text)) for x in row]
            for text, row in zip(texts, rows, strict=True)
        ]

    def pieced(self, texts: list[str]) -> list[list[Kept]]:
        """What stands between the marks, each piece by itself, and the marks in their places."""
        places = [pieces(text) if marks(text) else [] for text in texts]
        cores = [[text[a:b] for a, b in row] for text, row in zip(texts, places, strict=True)]
        lines = list(dict.fromkeys(core for row in cores for core in row))
        made = surviving(self.translator, lines, self.direction, self.terms) if lines else []
        said = {line: alike(line, x.text) for line, x in zip(lines, made, strict=True) if not x.why}
        rows = []
        for text, where, row in zip(texts, places, cores, strict=True):
            whole = bool(row) and all(core in said for core in row)
            edits = [(*at, said.get(core, "")) for at, core in zip(where, row, strict=True)]
            new = unglued(spliced(text, edits))  # of "The %s" nothing may be left in front
            new = new if text[:1].isspace() else new.lstrip()
            rows.append([Kept(new, "pieced")] if whole else [])
        return rows

    def source(self, text: str) -> Kept:
        """The text itself, and what was wrong with every answer, if there was anything to say."""
        if not pieces(text):
            return Kept(text, "same")
        if not marks(text) and not self.terms.wanted(text):
            return Kept(text, "source", why="every answer held marks of its own")
        lacks = {"its marks": marks(text), "its terms": self.terms.wanted(text)}
        said = " and ".join(name for name, there in lacks.items() if there)
        return Kept(text, "source", why=f"no answer held {said}")


def kept(answer: Translation, how: How) -> Kept:
    """One of the translator's."""
    return Kept(answer.text, how, answer.confidence, answer.score)


def mended(text: str, row: Sequence[Translation]) -> Iterator[Kept]:
    """Those in which one mark stands where another should, which is then put there, or a mark
    sticks to a word, from which it is then parted.
    """
    for answer in row:
        lost, odd = differing(text, answer.text)
        new = unglued(answer.text)
        if len(lost) == len(odd) == 1 and len(lost[0]) == len(odd[0]):
            if any(new.count(part) != 1 for part in odd[0]):
                continue
            for wrong, right in zip(odd[0], lost[0], strict=True):
                new = new.replace(wrong, right)
        if new != answer.text:
            yield replace(kept(answer, "mended"), text=new)


def phrases(text: str) -> list[str]:
    """Its marks as they would stand in an answer, behind a space: so with the quotes and brackets
    that open in front of them, and together where no word stands between.
    """
    found: list[str] = []
    for (start, end), (after, _) in pairwise(between(text)):
        lead, part = text[start:end], text[end:after]
        if found and not re.search(r"[\w\s]", lead):
            found[-1] += lead + part
        else:
            found.append(re.search(r"[\"'(\[{«“‘*]*\Z", lead)[0] + part)  # type: ignore[index]
    return found


def closed(text: str, answer: str) -> str:
    """An answer without a space before what closes, where the text has none."""
    for closing in ("</", "]("):
        if f" {closing}" not in text:
            answer = answer.replace(f" {closing}", closing)
    return answer


def pieces(text: str) -> list[tuple[int, int]]:
    """From where to where there are words between its marks; white space around them left out, and
    what belongs to the mark beside them: a comma behind it, a bracket in front of the next.
    """
    found = []
    for start, end in between(text):
        bare = text[start:end].lstrip(" \t,;:.!?)]}»”’\"'").rstrip(" \t([{«“‘\"'")
        for opens, closes in ("()", "[]", "{}"):
            bare = bare.removeprefix(opens) if closes not in bare else bare
            bare = bare.removesuffix(closes) if opens not in bare else bare
        if any(map(str.isalpha, bare)):
            start = text.index(bare, start)
            found.append((start, start + len(bare)))
    return found


def alike(piece: str, answer: str) -> str:
    """An answer to a part of a sentence as such a part: no full stop and no capital of its own."""
    if piece[-1] not in ".!?。！？…":
        answer = answer.rstrip(".!?。！？… ")
    if piece[0].islower() and answer[:2].istitle():
        answer = answer[0].lower() + answer[1:]
    return answer
