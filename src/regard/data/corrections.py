"""Corrected pairs, as translators hand them over: memories, catalogues, XLIFF, tables."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from regard.data.corpus import po, tmx, xliff
from regard.data.corpus.base import languages, lines
from regard.data.corpus.tmx import primary
from regard.data.doctor.base import Corpus
from regard.data.doctor.declared import find
from regard.recipe import UserError

Pair = dict[str, str]  # language -> text, of at least one direction of the run
CODE = re.compile(r"[a-z]{2,3}(?:[-_]\w+)?", re.IGNORECASE)  # such as en, pt-BR
SOURCE = "en"  # of catalogues: gettext does not say it


class Wanted(NamedTuple):
    """The directions that a run translates in."""

    directions: Sequence[str]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Source and target of each."""
        return [languages(direction) for direction in self.directions]

    def kept(self, texts: Pair) -> Pair | None:
        """What of these texts serves, in one line each; None if no direction has both sides."""
        spoken = {language for pair in self.pairs for language in pair}
        whole = {k: one_line(v) for k, v in texts.items() if k in spoken and v.strip()}
        return whole if any({*pair} <= {*whole} for pair in self.pairs) else None

    def __str__(self) -> str:
        return ", ".join(self.directions)


def read(path: Path, directions: Sequence[str]) -> list[Pair]:
    """The pairs of a file that serve a run of these directions, each once.

    Raises UserError if it is of no known kind, damaged, in other languages, or has no such pair.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: corrections are {', '.join(READERS)} files")
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    wanted, found, seen = Wanted(directions), dict[Any, Pair](), set[str]()
    for texts in reader(path, wanted):
        seen |= texts.keys()
        pair = wanted.kept(texts)
        if pair:
            found[tuple(sorted(pair.items()))] = pair
    if not found:
        has = f"it has {', '.join(sorted(seen))}" if seen else "it holds no translation"
        raise UserError(f"{path}: no pair for {wanted}, which the run translates; {has}")
    return list(found.values())


def one_line(text: str) -> str:
    """As a field of a table."""
    return " ".join(re.split(r"[\t\r\n]+", text)).strip()


def memory(path: Path, wanted: Wanted) -> Iterator[Pair]:
    """The units of a TMX."""
    yield from tmx.units(path)


def catalogue(path: Path, wanted: Wanted) -> Iterator[Pair]:
    """What is translated in a PO, neither fuzzy nor obsolete; its sources are English."""
    entries = po.catalogue(path)
    said = primary(entries.metadata.get("Language", ""))
    partners = [other for pair in wanted.pairs if SOURCE in pair for other in pair]
    others = sorted({other for other in partners if other != SOURCE})
    if not said and len(others) == 1:
        said = others[0]
    if said not in others:
        named = f"is in {said}" if said else "names no language"
        raise UserError(f"{path}: {named}, and the run translates {wanted}")
    for entry in entries:
        if not (entry.obsolete or entry.fuzzy):
            for here, there in po.pairs(entry):
                yield {SOURCE: here, said: there}


def exchange(path: Path, wanted: Wanted) -> Iterator[Pair]:
    """The segments of an XLIFF that have a target; the run may translate the other way round."""
    found, wrong = {}, None
    for pair in dict.fromkeys(x for a, b in wanted.pairs for x in ((a, b), (b, a))):
        try:
            file = xliff.Config(train=path.name)
            rows = list(file.read(str(path.parent), "train", "-".join(pair)))
            found[pair] = [dict(zip(pair, row[:2], strict=True)) for row in rows]
        except UserError as error:
            wrong = wrong or error
    if not found:
        raise wrong or UserError(f"{path}: the run translates {wanted}")
    if len(found) > 1 and len({frozenset(pair) for pair in found}) > 1:
        raise UserError(f"{path}: does not say its languages, and the run translates {wanted}")
    yield from next(iter(found.values()))


def table(path: Path, wanted: Wanted) -> Iterator[Pair]:
    """The rows of a TSV: its first line names the languages, or it is source, tab, translation."""
    rows = [line.split("\t") for line in lines(path)]
    header = rows[0] if rows else []
    if any({*pair} <= {*header} for pair in wanted.pairs):
        columns, rows, first = header, rows[1:], 2
    elif len(header) > 1 and all(CODE.fullmatch(name) for name in header):
        raise UserError(f"{path}: its columns are {', '.join(header)}; the run translates {wanted}")
    elif len(wanted.pairs) > 1:
        raise UserError(f"{path}, line 1: must name the columns, such as {wanted.pairs[0]}")
    else:
        columns, first = list(wanted.pairs[0]), 1
    for number, row in enumerate(rows, first):
        if len(row) != len(columns):
            counts = f"{len(row)} fields, not {len(columns)}"
            raise UserError(f"{path}, line {number}: {counts}; no tab inside a text")
    if first == 1:
        named = Corpus({"train": [(a, b) for a, b in rows]}, wanted.pairs[0])
        if any(find(named)):
            raise UserError(f"{path}: its columns are {columns[1]} and {columns[0]}: swap them")
    for row in rows:
        yield dict(zip(columns, row, strict=True))


READERS: dict[str, Callable[[Path, Wanted], Iterator[Pair]]] = {
    ".tmx": memory, ".po": catalogue, ".xliff": exchange, ".xlf": exchange, ".tsv": table,
}  # fmt: skip
