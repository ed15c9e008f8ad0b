"""`regard evaluate` of a run that labels texts: figures, what is taken for what, evidence."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from regard.cli import say
from regard.cli.common import Words

if TYPE_CHECKING:
    from regard.recipe import Recipe
    from regard.run import Run
    from regard.tasks.judging import Judge, Judged

SHOWN = 12  # labels of which a table of confusions has room for


def judges(name: str) -> bool:
    """Is this a run that labels texts? Raises UserError if it is a damaged one."""
    from regard.run import Run

    there = Path(name, "run.json").exists()
    return there and Run(name).recipe.verb not in ("translate", "")


def refuse(**given: Any) -> None:
    """Raises UserError for an option, given, that means nothing to such a run."""
    from regard.recipe import UserError

    for option, value in given.items():
        if value:
            raise UserError(f"--{option}: is for translators; this run labels texts")


class Opened(NamedTuple):
    """A run that labels texts, in use, with its recipe where its data lies now (`own`) and with the
    data to test on (`other`).
    """

    run: "Run"
    used: "Judge"
    own: "Recipe"
    other: "Recipe"


def opened(words: Words, directory: str | None, device: str) -> Opened:
    """The one run among these words. Raises UserError if there are more, or it cannot be tested."""
    from regard.api import load
    from regard.cli.calibrate import with_data
    from regard.recipe import UserError
    from regard.run import Run

    if len(words.runs) > 1:
        raise UserError(f"{words.runs[1]}: a run that labels texts is tested alone; see compare")
    run = Run(words.runs[0])
    own, other = with_data(run, directory, words.changes)
    used = load(run, device=device)
    if not hasattr(used, "judge"):
        raise UserError(f"{run.folder}: a run of {own.task} cannot be tested so")
    return Opened(run, used, own, other)


def evaluate(
    words: Words, where: tuple[str, str | None, str], output: Path | None,
    record: tuple[Path | None, str | None], json: bool,
) -> None:  # fmt: skip
    """Answer a test set and tell how well. `where`: split, folder, device."""
    from regard.run import write

    test, directory, device = where
    run, used, _, other = opened(words, directory, device)
    began = time.monotonic()
    judged = used.judge(other.data, test)  # type: ignore[attr-defined]
    seconds = round(max(time.monotonic() - began, 0.01), 2)
    if output is not None:
        write(output, "".join(f"{line}\n" for line in judged.lines))
    found = {"run": str(run.folder), **figures(judged), "test": test, "seconds": seconds}
    if record[0] is not None:
        from regard import results

        facts = {**results.of_run(run), **results.of_data(other), "set": test, "wall_s": seconds}
        keep(record[0], record[1] or f"{run.recipe.task}/{run.folder.name}", judged, facts)
    say.document(found) if json else show(found)


def figures(judged: "Judged") -> dict[str, Any]:
    """All that is told of answers."""
    from regard.evaluate import answers, classes

    told: dict[str, Any] = {"lines": len(judged.answers)}
    told["scores"] = {
        name: measure.score(judged.answers, judged.references)
        for name, measure in answers.measures(judged.labels, not judged.labels).items()
    }
    if judged.said is not None:
        believed = answers.believed(judged.said, judged.right)
        told["scores"] |= {score.name.lower(): score for score in believed}
    if judged.labels:
        table = classes.confusion(judged.answers, judged.references, judged.labels)
        told["confusion"] = {"labels": judged.labels, "answers_by_reference": table}
    return told


def keep(folder: Path, name: str, judged: "Judged", facts: dict[str, Any]) -> None:
    """A row for each figure, the answers beside."""
    from regard import results
    from regard.cli.report import given

    command = results.hide(given(folder), facts.get("data"))
    facts = {**results.now(), "command": command, "lines": len(judged.answers), **facts}
    for score in figures(judged)["scores"].values():
        results.record(folder, name, score, judged.lines, facts)
    say.note(f"recorded as {name} in {folder}")


def show(found: dict[str, Any]) -> None:
    """The report as a person reads it."""
    speed = found["lines"] / found["seconds"]
    say.write(f"{found['test']}: {found['lines']:,} rows in {found['seconds']:.1f} s "
              f"({speed:,.0f} a second)\n")  # fmt: skip
    for score in found["scores"].values():
        digits = 2 if score.value >= 1 and score.name != "mean absolute error" else 3
        say.write(f"{score.name:>20} {score.value:6.{digits}f}   {score.signature}\n")
    confusion = found.get("confusion")
    if confusion is not None and len(confusion["labels"]) <= SHOWN:
        labels, table = confusion["labels"], confusion["answers_by_reference"].tolist()
        rows = [[label, *row] for label, row in zip(labels, table, strict=True)]
        say.table(["right, then answered", *labels], rows)
