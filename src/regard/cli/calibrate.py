"""`regard calibrate`: teach a run how sure to be of its answers."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Device, Dir, Json, answers, opened, told_apart

if TYPE_CHECKING:
    from regard.evaluate.calibration import Figures
    from regard.recipe import Recipe
    from regard.run import Run
    from regard.tasks.calibrating import Answered, Believed


def calibrate(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN|KEY=VALUE", help="A run; data.…: other data to test on."),
    ],
    directory: Dir = None,
    test: Annotated[
        str, typer.Option("--set", help="The split it is tested on; dev: on rows left out only.")
    ] = "test",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The reliability diagram, a .png.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep figures and output as evidence here."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="GROUP/NAME", help="The recorded name.")
    ] = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Learn from the dev data how probable each answer is to be good (or right), and test that.

    \b
    regard calibrate runs/deen
    regard calibrate runs/deen -o reliability.png --json
    regard calibrate runs/deen data.dir=news data.corpus='{kind: tsv, test: de-en}'

    Good is a sentence chrF of 60 or more against the reference. What was learnt lies in the run as
    confidence.json; from then on the run tells with each answer how probable it is to be good. The
    last line tests it on data of another kind. Of a run that labels texts a temperature is learnt,
    and the confidence to ask for where answers have to be right more often.
    """
    from regard.cli import calibrate_judged
    from regard.cli.judged import judges
    from regard.recipe import UserError

    asked = told_apart(words)
    if len(asked.runs) > 1:
        raise UserError(f"calibrate: takes one run, not an ensemble of {len(asked.runs)}")
    if output is not None and output.suffix.lower() != ".png":
        raise UserError(f"{output}: a diagram is saved as .png; end the name in it")
    if test == "dev" and (output is not None or record is not None):
        raise UserError("--set dev: what it was learnt from is nothing to draw or to keep")
    if judges(asked.runs[0]):
        kept = (output, record, name)
        calibrate_judged.calibrate(asked, (test, directory, device), kept, json)
        return
    from regard.run import write_json
    from regard.tasks import calibrating

    loaded = opened(asked.runs, device)
    run, used = loaded.runs[0], loaded.translator
    own, other = with_data(run, directory, asked.changes)
    dev = own.data.rows("dev", drop_empty=True).rows  # type: ignore[attr-defined]
    tests = [] if test == "dev" else other.data.rows(test, drop_empty=True).rows  # type: ignore[attr-defined]
    learnt = calibrating.learn(used, run, calibrating.answered(used, dev, answers))
    write_json(run.confidence, learnt.model_dump(mode="json"))
    began = time.monotonic()
    found = calibrating.answered(used, tests, answers)
    seconds = round(time.monotonic() - began, 2)
    checked = [(one, calibrating.believed(learnt, one)) for one in found]
    for one, believed in checked:
        told = f"{run.folder.name}, {one.direction}, {test}"
        if output is not None:
            draw(output, one, believed, told, several=len(checked) > 1)
        if record is not None:
            evidence = {"set": test, "wall_s": max(seconds, 0.01)}
            recorded(record, name, (run, other), (one, believed), evidence)
    held = {d: fit.held_out for d, fit in learnt.directions.items()}
    tested = {one.direction: asdict(believed.figures) for one, believed in checked}
    document = {"run": str(run.folder), "set": test, "good": f"chrF2 >= {learnt.least:g}",
                "held_out": held, "tested": tested}  # fmt: skip
    say.document(document) if json else show(document)


def with_data(run: "Run", directory: str | None, changes: list[str]) -> "tuple[Recipe, Recipe]":
    """The run's recipe with its data where they lie now, and with the data to test on.

    Raises UserError for a change of something else.
    """
    from regard.recipe import UserError, make, override

    recipe = run.recipe
    for change in changes:
        if not change.startswith("data."):
            raise UserError(f"{change}: only data.… can be other than the run's here")
    settings = recipe.model_dump(mode="json")
    if "data" in settings and directory is not None:
        settings["data"]["dir"] = directory
    own = make(settings, str(run.folder))
    return own, make(override(settings, changes), str(run.folder))


def draw(output: Path, one: "Answered", believed: "Believed", told: str, several: bool) -> None:
    """The reliability diagram, as a file of its own for each of several directions."""
    from regard.look.figure import png
    from regard.look.reliability import reliability
    from regard.run import whole

    figures = believed.figures
    title = f"{told}: ECE {figures.ece:.3f}, Brier {figures.brier:.3f}"
    path = output.with_stem(f"{output.stem}.{one.direction}") if several else output
    with whole(path) as aside:
        aside.write_bytes(png(reliability(believed.bins, title)))
    say.note(f"{path}: what was said against what came true")


def recorded(
    folder: Path, name: str | None, recipes: "tuple[Run, Recipe]",
    found: "tuple[Answered, Believed]", evidence: dict[str, Any],
) -> None:  # fmt: skip
    """Keep a row for each figure; an answer's line begins with what was said of it."""
    from regard import results
    from regard.cli import report
    from regard.recipe import Part

    (run, other), (one, believed) = recipes, found
    own, data = (recipe.data for recipe in (run.recipe, other))  # type: ignore[attr-defined]
    elsewhere = "" if data.corpus == own.corpus else f".{Path(data.dir or 'other').name}"
    which = "" if len(own.directions) == 1 else f".{one.direction}"
    name = name or f"confidence/{run.folder.name}{elsewhere}{which}"
    facts = {
        **results.of_run(run), **results.of_data(other), "directions": [one.direction],
        "command": results.hide(report.given(folder), data.dir), **evidence,
        "lines": len(one.rows), "decode": Part.dump(run.recipe.decode),  # type: ignore[attr-defined]
    }  # fmt: skip
    lines = [f"{p:.6f}\t{x.text}" for p, x in zip(believed.said, one.answers, strict=True)]
    for score in scores(believed.figures):
        results.record(folder, name, score, lines, facts)
    say.note(f"recorded as {name} in {folder}")


def scores(figures: "Figures") -> list[Any]:
    """The figures as they are kept: with what they mean as their signature."""
    from regard.evaluate.calibration import BINS
    from regard.evaluate.scores import Score
    from regard.tasks.confidence import GOOD

    good = f"good:chrF2 of {GOOD:g} or more|nrefs:1|learnt:dev"
    made = [
        Score("ECE", figures.ece, f"bins:{BINS}|{good}"),
        Score("Brier", figures.brier, good),
        Score("Brier of the best constant", figures.constant, good),
    ]
    return made if figures.auroc is None else [*made, Score("AUROC", figures.auroc, good)]


def show(document: dict[str, Any]) -> None:
    """The report as a person reads it."""
    rows = [
        (f"{direction} {name}", x["cases"], *(told(x[k]) for k in ("true", "ece", "brier")),
         told(x["constant"]), told(x["auroc"]))
        for name, found in (("dev, rows left out", document["held_out"]),
                            (document["set"], document["tested"]))
        for direction, x in found.items()
    ]  # fmt: skip
    head = ("", "answers", "good", "ECE", "Brier", "Brier of a constant", "AUROC")
    say.table(head, rows, f"good: {document['good']}")


def told(value: float | None) -> str:
    """A probability as a table shows it."""
    return "–" if value is None else f"{value:.3f}"
