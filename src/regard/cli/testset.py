"""What a translator is tested on: a split of its own corpus, or files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from regard.recipe import UserError

if TYPE_CHECKING:
    from regard.api import Loaded


class TestSet(NamedTuple):
    """Sources (None where only outputs are compared) and, for each line, its references."""

    name: str
    sources: list[str] | None
    references: list[list[str]]
    direction: str | None

    @property
    def language(self) -> str | None:
        """The target language."""
        return self.direction.rpartition("-")[2] if self.direction else None


Own = tuple[str, str | None, str | None]  # a split of the run's corpus, where it lies, direction


def chosen(
    loaded: "Loaded | None", own: Own, source: Path | None, references: Sequence[Path]
) -> TestSet:
    """The lines to test on: files if any are named, or else a split of the run's own corpus.

    Raises UserError if files are missing; without a run, sources are needed for slices only.
    """
    split, where, direction = own
    if not references and source is None:
        if loaded is None:
            raise UserError("two files of outputs need --reference (and --source for slices)")
        return of_run(loaded, split, where, direction)
    if loaded is not None:
        direction = loaded.translator.codec.direction(direction)
        if source is None:
            raise UserError(f"{references[0]}: a run needs --source beside --reference")
    return of_files(source, references, direction)


def of_run(loaded: "Loaded", split: str, where: str | None, direction: str | None) -> TestSet:
    """A split of the corpus that the first run was trained on.

    Raises UserError if the data is not there.
    """
    direction = loaded.translator.codec.direction(direction)
    rows = corpus(loaded, where, direction).rows(split).rows
    if not rows:
        raise UserError(f"{split}: has no lines")
    sources, references = [row.source for row in rows], [[row.target] for row in rows]
    return TestSet(split, sources, references, direction)


def corpus(loaded: "Loaded", where: str | None, direction: str) -> Any:
    """The data settings of the first run, in one direction, found where the data lies now."""
    data = loaded.runs[0].recipe.data  # type: ignore[attr-defined]
    change = {"directions": (direction,), **({} if where is None else {"dir": where})}
    return data.model_copy(update=change)


def of_files(source: Path | None, references: Sequence[Path], direction: str | None) -> TestSet:
    """Sources and one or more references of each line.

    Raises UserError, with both counts, if the files are of different length.
    """
    if not references:
        raise UserError(f"{source}: scores need --reference beside --source")
    columns = [read(path) for path in references]
    sources = None if source is None else read(source)
    for path, column in zip(references, columns, strict=True):
        same(len(column), path, len(columns[0]), references[0])
    if sources is not None:
        same(len(sources), source, len(columns[0]), references[0])
    lines = [list(line) for line in zip(*columns, strict=True)]
    return TestSet(str(source or references[0]), sources, lines, direction)


def read(path: Path) -> list[str]:
    """All lines of a file."""
    from regard.data.corpus.base import lines

    return list(lines(path))


def same(count: int, path: object, other: int, beside: object) -> None:
    """Raises UserError unless two files have as many lines."""
    if count != other:
        counts = f"{path} has {count:,} lines but {beside} has {other:,}"
        raise UserError(f"{counts}; each line needs its counterpart")
