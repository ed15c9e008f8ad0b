"""Files that are more than lines of text, as `regard translate` takes them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from regard.cli import say, streams
from regard.recipe import UserError

if TYPE_CHECKING:
    from regard.tasks.translator import Translator

HOW = {
    "memory": "from the memory", "model": "by the model",
    "other": "by a lower hypothesis, for the sake of marks",
    "forced": "by a search that had to say the marks", "source": "left as the source",
}  # fmt: skip


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
    name: str, used: "Translator", direction: str | None, memory: Mapping[str, str],
    output: Path | None,
) -> None:  # fmt: skip
    """Fill what is untranslated in a file; what came of it is told on standard error."""
    from regard.files.base import kinds
    from regard.files.filling import fill

    file = kinds()[Path(name).suffix.lower()].read(Path(name).read_bytes(), name)
    made = fill(
        file, used, direction, name, memory, lambda lines: say.parts(lines, 64, "translating")
    )
    streams.bytes_to(output, made.data)
    total = sum(made.how[how] for how in HOW) or 1
    told = [f"{made.how[how]} {said}" for how, said in HOW.items() if made.how[how]]
    share = f" ({made.how['source'] / total:.1%})" if made.how["source"] else ""
    code = f", {made.how['code']} of them listings left as they are" if made.how["code"] else ""
    say.note(f"regard: {made.units} filled in{code}; of the lines of text "
             f"{', '.join(told) or 'none'}{share}")  # fmt: skip
