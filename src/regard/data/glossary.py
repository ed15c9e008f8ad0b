"""A glossary: terms of the source language and what each must be called in the other.

A term is a word, or several, as they stand in a text: not within another word (but for scripts that
put no space between words), not within a mark; of two at one place the longer one. Small and
capital letters are one in a source; in an answer a term is written as the glossary has it, or with
a capital where it begins with a small letter.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from regard.data.corpus.base import lines
from regard.data.marks import LETTER, between
from regard.recipe import UserError

_WORD = rf"(?:{LETTER}|_)"  # that a term which begins or ends with such a character may not touch


class Glossary:
    """`terms`: each source term and its target term."""

    def __init__(self, terms: Mapping[str, str]):
        self.targets = {key(source): target for source, target in terms.items()}
        longest = sorted(self.targets, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(whole, longest)) or r"(?!)", re.IGNORECASE)

    @classmethod
    def read(cls, path: Path) -> "Glossary":
        """From a file: source term, tab, target term a line; blank lines are none.

        Raises UserError with the line that is no such pair.
        """
        found: dict[str, str] = {}
        for number, line in enumerate(lines(path), 1):
            if not line.strip():
                continue
            source, tab, target = line.partition("\t")
            if not tab:
                raise UserError(f"{path}, line {number}: has no tab; a line is a term, a tab and "
                                "its translation")  # fmt: skip
            target = target.split("\t")[0]
            if not (source.strip() and target.strip()):
                raise UserError(f"{path}, line {number}: a side is empty; a line is a term, a tab "
                                "and its translation")  # fmt: skip
            if found.setdefault(key(source), target.strip()) != target.strip():
                raise UserError(f"{path}, line {number}: {source.strip()} is already "
                                f"{found[key(source)]}; a term has one translation")  # fmt: skip
        return cls(found)

    def wanted(self, source: str) -> list[str]:
        """The target terms that an answer to this text must hold, each once."""
        found = (
            self.targets[key(match[0])]
            for start, end in between(source)
            for match in self.pattern.finditer(source[start:end])
            if key(match[0]) in self.targets  # some letters have no small form of their own
        )
        return list(dict.fromkeys(found))

    def obeyed(self, source: str, answer: str) -> bool:
        """Does the answer hold every term that it must?"""
        spoken = [answer[start:end] for start, end in between(answer)]
        return all(any(holds(text, term) for text in spoken) for term in self.wanted(source))


def key(term: str) -> str:
    """The term as it is looked up."""
    return " ".join(term.lower().split())


def whole(term: str) -> str:
    """A pattern for a term that stands for itself."""
    before = f"(?<!{_WORD})" if re.match(_WORD, term) else ""
    behind = f"(?!{_WORD})" if re.match(_WORD, term[-1]) else ""
    return before + r"\s+".join(map(re.escape, term.split())) + behind


def holds(text: str, term: str) -> bool:
    """Is the term there, as it is written or with a capital?"""
    capital = term[:1].upper() + term[1:]
    return any(re.search(whole(form), text) for form in {term, capital})
