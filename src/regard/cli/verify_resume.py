"""`regard verify-resume`: proves that a run stopped anywhere ends where an undisturbed one does."""

from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Json, told_apart


def verify_resume(
    run: Annotated[str, typer.Argument(help="The run to prove it of.")],
    steps: Annotated[int, typer.Option(min=1, help="Steps before the stop, and after it.")] = 6,
    json: Json = False,
) -> None:
    """Train some steps of a run's recipe in two goes and in one, and compare every bit.

    \b
    regard verify-resume runs/deen --steps 40

    The proof is kept in the run's card. Exit code 1 if the two differ.
    """
    from regard.run import Run
    from regard.train.verify import verify

    found = verify(Run(told_apart([run]).runs[0]), steps)
    if json:
        say.document(found)
    else:
        say.write(f"{run}: {'exact' if found['exact'] else 'NOT EXACT'}: {found['text']}\n")
    if not found["exact"]:
        raise typer.Exit(1)
