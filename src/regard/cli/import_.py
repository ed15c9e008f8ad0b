"""`regard import`: makes a run of a checkpoint from outside, to start from or to use."""

from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Json


def import_(
    source: Annotated[
        str | None, typer.Argument(metavar="DIR|NAME", help="A folder, or OWNER/NAME on the hub.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="The run's folder.", show_default="runs/NAME")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="mlm or translate: what the run must be one of.")
    ] = None,
    direction: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE-TARGET", help="Of a translator; may be said again."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="What can be read, and what of it cannot.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a run of a checkpoint in the layout of Hugging Face transformers.

    \b
    regard import google-bert/bert-base-multilingual-cased --out runs/mbert
    regard train classify/nsmc_binary start=runs/mbert data.dir=DIR --out runs/reviews
    regard import facebook/nllb-200-distilled-600M --direction eng_Latn-kor_Hang --out runs/nllb
    regard import some/folder --json
    regard import --list

    Weights are read from safetensors alone, and nothing is run or unpickled. Settings that a family
    of ours has no counterpart of are refused. `regard export RUN --to hf` leads back.
    """
    from regard.outside import base
    from regard.outside._bring import bring
    from regard.recipe import UserError

    if listed:
        found = base.listing()
        say.document(found) if json else say.write("".join(map(told, found)))
        return
    if source is None:
        raise UserError("import: name a folder, or a name on the hub; --list tells what is read")
    run = bring(source, out, task, say.note, direction or ())
    info = run.info()
    if json:
        say.document({"run": str(run.folder), **info})
        return
    from regard.train.card import use

    made, left = info["imported"]["made_anew"], info["imported"]["left_out"]
    say.write(
        f"{run.folder}: {info['parameters']:,} parameters"
        f"{'; left out: ' + ', '.join(left) if left else ''}"
        f"{'; made anew, as the checkpoint has none: ' + ', '.join(made) if made else ''}\n"
        f"use it: {use(run).replace('`', '').replace('THIS_FOLDER', str(run.folder))}\n"
    )


def told(one: dict) -> str:
    """A family as a person reads it."""
    only = "".join(
        f"  {key}: only {', '.join(map(str, values))}\n" for key, values in one["only"].items()
    )
    return f"{one['title']} (model_type {one['family']}) becomes a run of {one['task']}\n{only}"
