"""`regard adapt`: fits a run to your corrections, and tells what that gained and lost."""

from typing import TYPE_CHECKING, Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, Dir, Json, told_apart

if TYPE_CHECKING:
    from regard.tasks.gains import Adapted


def adapt(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN FILE... [KEY=VALUE]",
            help="A run, corrections (.tmx, .po, .xliff or .tsv), and changes to the recipe.",
        ),
    ],
    out: Annotated[
        str | None, typer.Option(help="The new run's folder.", show_default="RUN_adapted")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Updates to make.")] = 300,
    replay: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.99,
            help="Share of rows of the old corpus.",
            show_default="0.5, if it is at hand",
        ),
    ] = None,
    grow: Annotated[int, typer.Option(min=0, help="New pieces, at most, for each vocabulary.")] = 0,
    directory: Dir = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing while it trains.")] = False,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Fine-tune a run on corrections, into a new run; the old one stays as it is.

    \b
    regard adapt runs/deen corrections.tmx
    regard adapt runs/enko ko.po glossary.tsv --grow 200 --out runs/enko_ours
    regard adapt runs/deen corrected.tsv --steps 500 --replay 0.7 train.optim.lr=1e-4

    A tenth of the corrections is held out; on these and on the run's old test set both runs are
    scored, and what was gained and lost is told with a verdict. Rows of the old corpus, mixed in,
    keep the run from forgetting. Ctrl-C saves; the same command goes on from there.
    """  # fmt: skip
    import regard
    from regard.recipe import UserError

    asked = told_apart(words, files=len(words))
    if len(asked.runs) > 1:
        raise UserError(f"{asked.runs[1]}: adapt takes one run, and files of corrections")
    if not asked.files:
        raise UserError("adapt: name the corrections after the run: a .tmx, .po, .xliff or .tsv")
    try:
        made = regard.adapt(
            asked.runs[0], asked.files, *asked.changes, out=out, steps=steps, replay=replay,
            grow=grow, dir=directory, device=device, quiet=quiet,
        )  # fmt: skip
    except KeyboardInterrupt:
        say.note("regard: interrupted; the same command goes on from there")
        raise typer.Exit(130) from None
    say.document(made.as_dict()) if json else show(made)


def show(made: "Adapted") -> None:
    """The figures as a person reads them."""
    rows = [
        (f"{gain.on}, {gain.direction}", gain.verdict.metric, gain.lines, gain.verdict.a,
         gain.verdict.b, f"{gain.verdict.difference:+.2f}", gain.chance)
        for gain in made.gains
    ]  # fmt: skip
    say.table(("measured on", "metric", "lines", "before", "after", "difference", "chance"), rows)
    say.write(f"{made.run.folder}: {made.sentence}\n")
