"""`regard train`: from a recipe to a run."""

from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, Json


def train(
    recipe: Annotated[str, typer.Argument(help="A name from `regard recipes`, or a .yaml file.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Changes to the recipe.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="The run's folder.", show_default="runs/<recipe's name>")
    ] = None,
    device: Device = "auto",
    processes: Annotated[
        int | None,
        typer.Option(help="On a CPU, each with its share of cores.", show_default="as many as pay"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing while it trains.")] = False,
    json: Json = False,
) -> None:
    """Train a recipe into a run, or go on with one that was begun.

    \b
    regard train translate/multi30k_deen data.dir=corpora/multi30k --out runs/deen
    regard train translate/multi30k_deen data.dir=hf:bentrevett/multi30k train.steps=8000
    regard train my.yaml model.dim=512 train.optim.lr=5e-4
    torchrun --nproc-per-node 2 -m regard.cli train my.yaml

    The run holds everything: recipe, tokenizers, weights, metrics, a card. Ctrl-C saves; the same
    command goes on from there, and ends bit for bit where an undisturbed run would.
    """
    import regard
    from regard.export.base import told
    from regard.train.card import use

    try:
        run = regard.train(
            recipe, *(changes or []), out=out, device=device, quiet=quiet, processes=processes
        )
    except KeyboardInterrupt:
        say.note("regard: interrupted; the same command goes on from the newest checkpoint")
        raise typer.Exit(130) from None
    info = run.info()
    if json:
        say.document({"run": str(run.folder), **info})
        return
    score = info.get("dev_score")
    say.write(
        f"{run.folder}: {info['steps']:,} steps in {info['seconds'] / 60:.1f} min, "
        f"dev score {'–' if score is None else f'{score:.2f}'}\n"
        f"use it: {use(run).replace('`', '').replace('THIS_FOLDER', str(run.folder))}\n"
    )
    if run.recipe.verb == "translate":
        say.note(told(run.recipe))
