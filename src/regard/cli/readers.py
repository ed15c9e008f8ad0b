"""What the verbs of classifiers share: which run answers, how a line becomes a row."""

from typing import TYPE_CHECKING

from regard.cli.common import Words
from regard.recipe import UserError

if TYPE_CHECKING:
    from regard.tasks.classifier import Classifier


def classifier(words: Words, device: str) -> "Classifier":
    """The run among these words, loaded. Raises UserError if it is another task's."""
    from regard.api import load
    from regard.run import Run

    if len(words.runs) > 1 or words.changes:
        raise UserError("classify: takes one run, and no changes")
    recipe = Run(words.runs[0]).recipe
    if recipe.verb != "classify":
        raise UserError(f"{words.runs[0]}: a run of {recipe.task} does not classify")
    return load(words.runs[0], device=device)


def row(used: "Classifier", line: str, name: str, number: int) -> tuple[str, ...]:
    """The texts of a line. Raises UserError if they are not as many as the run reads."""
    if used.columns == 1:
        return (line,)
    parts = tuple(line.split("\t"))
    if not line.strip():
        return ("",) * used.columns
    if len(parts) != used.columns:
        raise UserError(
            f"{name}, line {number}: {len(parts)} texts; this run reads two, with a tab between"
        )
    return parts
