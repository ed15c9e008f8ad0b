"""`regard compare` of systems that label texts: McNemar's test, paired bootstrap, a verdict."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regard.cli import say
from regard.cli.common import Words
from regard.cli.judged import judges, opened

if TYPE_CHECKING:
    from regard.evaluate.answers import Compared
    from regard.evaluate.scores import Measure
    from regard.tasks.judging import Judged


def labelling(systems: list[list[str]], metric: str | None) -> bool:
    """Do these systems label texts: is a run among them that does, or the metric one of labels?"""
    if any(judges(name) for system in systems for name in system):
        return True
    if metric is None:
        return False
    from regard.evaluate.answers import NAMES

    return metric in NAMES


def compare(
    systems: list[list[str]], names: tuple[str, str], where: tuple[str, str | None, str],
    reference: Path | None, how: tuple[str | None, int], json: bool,
) -> None:  # fmt: skip
    """Both on the same rows. `where`: split, folder, device; `how`: metric, resamples."""
    from regard.evaluate.answers import compared, measures

    runs = [name for system in systems for name in system if Path(name).is_dir()]
    judged = answered(runs, *where)
    references, labels, test = asked(judged, where[0], reference)
    made = [[said(name, judged, test, references) for name in system] for system in systems]
    chosen = measured(how[0], measures(labels, values=not labels))
    found = compared(made[0], made[1], references, chosen, names, how[1])
    if json:
        signature = chosen.score(made[0][0], references).signature
        told = {"a": names[0], "b": names[1], "test": test, "lines": len(references)}
        exact = None if found.mcnemar is None else found.mcnemar._asdict()
        say.document({**told, "verdict": found.verdict, "mcnemar": exact, "signature": signature})
    else:
        show(found, names, len(references))


def answered(
    runs: Sequence[str], test: str, directory: str | None, device: str
) -> dict[str, "Judged"]:
    """A split of the first run's data, answered by each of the runs."""
    used = {name: opened(Words([name], [], []), directory, device) for name in runs}
    return {name: one.used.judge(used[runs[0]].own.data, test) for name, one in used.items()}  # type: ignore[attr-defined]


def asked(
    judged: dict[str, "Judged"], test: str, reference: Path | None
) -> tuple[list[str], list[str], str]:
    """References, their labels ([]: they are numbers) and the name of the rows to compare on.

    Raises UserError if nothing, or more than one thing, says what is right.
    """
    from regard.cli.testset import read
    from regard.recipe import UserError

    if reference is not None:
        if judged:
            raise UserError("--reference: runs are compared on a split of the first one's data")
        right = read(reference)
        return right, sorted({*right}), str(reference)
    if not judged:
        raise UserError("two files of labels need --reference, a file of the right ones")
    first = next(iter(judged.values()))
    return first.references, first.labels, test


def said(name: str, judged: dict[str, "Judged"], test: str, references: Sequence[str]) -> list[str]:
    """What a system answers: a run, or the lines of a file, without what follows a tab."""
    from regard.cli.testset import read, same

    if name in judged:
        return judged[name].answers
    found = [line.partition("\t")[0] for line in read(Path(name))]
    same(len(found), name, len(references), test)
    return found


def measured(name: str | None, known: dict[str, "Measure"]) -> Any:
    """The measure of this name, else the first. Raises UserError for one that does not fit."""
    from regard.recipe import UserError, nearest

    if name is None:
        return next(iter(known.values()))
    if name not in known:
        raise UserError(f"--metric: no {name!r} for such answers; {nearest(name, known)}")
    return known[name]


def show(found: "Compared", names: tuple[str, str], lines: int) -> None:
    """Scores, who alone is right, the verdict."""
    verdict = found.verdict
    say.write(f"{verdict.metric}, {lines:,} rows: {names[0]} {verdict.a:.2f}, "
              f"{names[1]} {verdict.b:.2f}\n")  # fmt: skip
    if found.mcnemar is not None:
        say.write(f"right alone: {names[0]} {found.mcnemar.only_a:,} rows, "
                  f"{names[1]} {found.mcnemar.only_b:,} rows\n")  # fmt: skip
    say.write(f"{verdict.sentence}\n")
