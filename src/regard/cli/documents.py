"""Files that are more than lines of text, as `regard translate` takes them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from regard.cli import say, streams
from regard.recipe import UserError

if TYPE_CHECKING:
    from regard.tasks.translator import Translator

HOW = {
    "memory": "from the memory", "same": "as they are (code, or no words)", "model": "by the model",
    "other": "by a lower hypothesis, for the sake of marks or terms",
    "mended": "with a mark put right", "forced": "by a search that had to say marks or terms",
    "pieced": "piece by piece between marks", "source": "left as the source",
}  # fmt: skip


class Aids(NamedTuple):
    """What helps with a file: a translation memory, a glossary, and how probable to be good an
    answer must be.
    """

    memory: Path | None = None
    terms: Path | None = None
    least: float | None = None


def is_one(name: str) -> bool:
    """Is it of a kind that we fill?"""
    from regard.files.base import kinds

    return Path(name).suffix.lower() in kinds()


def of_lines_only(name: str, options: Mapping[str, bool]) -> str:
    """The name again; refuses an option that makes sense for lines of text only."""
    wrong = next((option for option, wanted in options.items() if wanted), None)
    if wrong:
        raise UserError(f"{name}: {wrong} is for lines of text, not for {Path(name).suffix} files")
    return name


def of_files_only(options: Mapping[str, bool]) -> None:
    """Refuses an option that makes sense for files only."""
    wrong = next((option for option, wanted in options.items() if wanted), None)
    if wrong:
        raise UserError(f"{wrong}: is for files such as .po; lines of text know none")


def alone(option: str, options: Mapping[str, bool]) -> None:
    """Refuses what makes no sense beside an option."""
    wrong = next((other for other, wanted in options.items() if wanted), None)
    if wrong:
        raise UserError(f"{option}: gives one answer a line, freely found; leave out {wrong}")


def known(path: Path) -> dict[str, str]:
    """What a translation memory holds: source to translation, the last of several.

    Its first language is the source: of a .tmx the unit's first, of a .tsv the first column.
    """
    from regard.data.corpus import base, po, tmx

    if path.suffix == ".tmx":
        pairs = (list(unit.values())[:2] for unit in tmx.units(path) if len(unit) > 1)
    elif path.suffix == ".po":
        done = (e for e in po.catalogue(path) if not (e.obsolete or e.fuzzy))
        pairs = (list(pair) for entry in done for pair in po.pairs(entry))
    elif path.suffix == ".tsv":
        pairs = (line.split("\t")[:2] for line in base.lines(path) if "\t" in line)
    else:
        raise UserError(f"--memory {path}: is a .tmx, .po or .tsv file")
    return {source: target for source, target in pairs if source.strip() and target.strip()}


def filled(
    name: str, used: "Translator", direction: str | None, aids: Aids, output: Path | None
) -> None:
    """Fill what is untranslated in a file; what came of it is told on standard error."""
    from regard.data.glossary import Glossary
    from regard.files.base import kinds
    from regard.files.filling import fill

    memory = known(aids.memory) if aids.memory else {}
    terms = Glossary.read(aids.terms) if aids.terms else None
    file = kinds()[Path(name).suffix.lower()].read(Path(name).read_bytes(), name)
    made = fill(
        file, used, direction, name, memory,
        lambda lines: say.parts(lines, 64, "translating"), terms, aids.least,
    )  # fmt: skip
    streams.bytes_to(output, made.data)
    unsure = f", {made.unsure} too unsure and untouched" if made.unsure else ""
    say.note(f"regard: {made.units} filled in{unsure}; of the lines of text {told(made.how)}")


def told(how: Mapping[str, int]) -> str:
    """How lines were answered, in words."""
    total = sum(how.values()) or 1
    counted = [f"{how[name]} {said}" for name, said in HOW.items() if how.get(name)]
    share = f" ({how['source'] / total:.1%})" if how.get("source") else ""
    return (", ".join(counted) or "none") + share
