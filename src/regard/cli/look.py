"""`regard look`: what a model attends to while it translates a sentence."""

from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, Direction, Json, opened, told_apart


def look(
    run: Annotated[str, typer.Argument(help="The run to look into.")],
    sentence: Annotated[str, typer.Argument(help="One sentence.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A page (.html), picture (.png), data (.json)."),
    ] = None,
    direction: Direction = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Look at attention, alignment and beam for one sentence.

    \b
    regard look runs/deen "Ein Hund rennt durch den Schnee." -o map.html
    regard look runs/deen "Ein Hund rennt durch den Schnee." -o map.png
    regard look runs/deen "Ein Hund rennt durch den Schnee."      (the alignment, here)
    """
    from regard.look import maps
    from regard.recipe import UserError

    if output is not None and output.suffix.lower() not in (".html", ".png", ".json"):
        raise UserError(f"{output}: a look is saved as .html, .png or .json; end the name in one")
    found = opened(told_apart([run]).runs, device).look(sentence, direction)
    if output is not None:
        found.save(output)
        say.note(f"{output} shows: {found.target}")
    if json:
        say.write(maps.dumps(found.record()) + "\n")
    elif output is None:
        say.write(f"{found.source}\n{found.target}\n")
        links = sorted(found.alignment, key=lambda link: link[1])
        rows = ((found.target_words[t], found.source_words[s], w) for s, t, w in links)
        say.table(("answer", "looks at", "weight"), rows)
