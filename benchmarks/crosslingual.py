"""Does a classifier that saw English alone understand other languages?

    python benchmarks/crosslingual.py --start runs/multilingual --dir $DATA/sib200_topics

For each of five folds by sentence (the same sentences in every language, so that no translation of
a test sentence was trained on) it trains `classify/sib200` on English, and on each other language,
and tests all of them on the fold. Prints a table; `--record results` keeps it, with the answers to
all sentences. A finished training is kept in `--out`, and found there the next time.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import regard
from regard import recipe as recipes
from regard import results
from regard.data.labelled import Labelled
from regard.evaluate.classes import accuracy
from regard.run import command

RECIPE = "classify/sib200"
FOLDS = 5


class Cell(NamedTuple):
    """Answers to the test sentences of all folds, in order, and what was right, by fold."""

    answers: list[str]
    accuracies: list[float]


def changes(language: str, fold: int, asked: Any) -> list[str]:
    """What makes the recipe one of this language and fold."""
    start = [f"start={asked.start}"] if asked.start else []
    tables = f"data.corpus.tables=[{language}.train, {language}.dev]"
    return [tables, f"data.corpus.fold={fold}", f"data.dir={asked.dir}", *start, *asked.changes]


def rows(language: str, fold: int, asked: Any) -> list[Labelled]:
    """The test rows of a fold."""
    made: Any = recipes.load(RECIPE, changes(language, fold, asked))
    return made.data.rows("test")


def trained(language: str, fold: int, asked: Any) -> Any:
    """The classifier of a language and fold, trained or found."""
    out = Path(asked.out) / f"{language}.{fold}"
    told = changes(language, fold, asked)
    run = regard.train(RECIPE, *told, out=out, device="cpu", quiet=True, processes=1)
    return regard.load(run, device="cpu")


def table(asked: Any) -> tuple[dict[tuple[str, str], Cell], dict[str, list[str]]]:
    """Cells by (trained on, tested on), and the references of each language."""
    first, *others = asked.languages
    cells: dict[tuple[str, str], Cell] = {}
    references: dict[str, list[str]] = {language: [] for language in asked.languages}
    for fold in range(FOLDS):
        tests = {language: rows(language, fold, asked) for language in asked.languages}
        models = {language: trained(language, fold, asked) for language in asked.languages}
        for tested, chosen in tests.items():
            golds = [row.label for row in chosen]
            references[tested] += golds
            for own in {first, tested}:
                said = [x.label for x in models[own].classify([row.texts for row in chosen])]
                cell = cells.setdefault((own, tested), Cell([], []))
                cell.answers.extend(said)
                cell.accuracies.append(accuracy(said, golds))
        print(f"fold {fold}:", *(f"{a}>{b} {c.accuracies[-1]:.1f}" for (a, b), c in cells.items()),
              flush=True)  # fmt: skip
    return cells, references


def chance(labels: Sequence[str]) -> float:
    """Percent right of who always says the commonest label."""
    return 100 * Counter(labels).most_common(1)[0][1] / len(labels)


def record(folder: Path, cells: dict, references: dict, asked: Any, seconds: float) -> None:
    """A row for each cell: lowest, mean and highest of the folds; and one for chance."""
    said = results.hide(command() or asked.command, asked.dir)
    shared = {"seeds": [1], "wall_s": round(seconds, 1), "command": said}
    for tested, golds in references.items():
        facts = {"set": f"sib200 {tested}, {FOLDS} folds", **shared}
        metric = f"accuracy %|trained:commonest topic|tested:{tested}"
        results.measured(
            folder, f"crosslingual/chance.{tested}", metric, [chance(golds)] * 3, facts
        )
    for (own, tested), cell in cells.items():
        facts = {
            "set": f"sib200 {tested}, {FOLDS} folds", **shared,
            "folds": [round(x, 2) for x in cell.accuracies], "start": asked.start or "nothing",
        }  # fmt: skip
        spread = (min(cell.accuracies), statistics.mean(cell.accuracies), max(cell.accuracies))
        name = f"crosslingual/{Path(asked.start).name if asked.start else 'scratch'}.{own}-{tested}"
        results.measured(folder, name, f"accuracy %|trained:{own}|tested:{tested}", spread, facts)


def main() -> None:
    """Train, test, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--start", help="a run that was pre-trained on all languages")
    parser.add_argument("--dir", required=True, help="where sib200_topics lies")
    parser.add_argument("--languages", default="en,de,fr,ko", type=lambda x: x.split(","))
    parser.add_argument("--out", default="runs/crosslingual")
    parser.add_argument("--record", type=Path)
    parser.add_argument("changes", nargs="*", help="KEY=VALUE changes to the recipe")
    asked = parser.parse_args()
    given = f" --start {asked.start}" if asked.start else ""
    asked.command = f"python benchmarks/crosslingual.py{given} --dir $DATA/sib200_topics"
    began = time.monotonic()
    cells, references = table(asked)
    print(f"{'tested on':10} {'chance':>7} {asked.languages[0] + ' alone':>10} {'itself':>7}")
    for language in asked.languages:
        shown = [cells[own, language] for own in (asked.languages[0], language)]
        means = [f"{accuracy(cell.answers, references[language]):.1f}" for cell in shown]
        print(f"{language:10} {chance(references[language]):7.1f} {means[0]:>10} {means[1]:>7}")
    if asked.record:
        record(asked.record, cells, references, asked, time.monotonic() - began)


if __name__ == "__main__":
    main()
