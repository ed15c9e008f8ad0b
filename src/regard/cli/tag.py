"""`regard tag`: sentences in, words with tags out."""

from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, told_apart


def tag(
    words: Annotated[list[str], typer.Argument(metavar="RUN|FILE", help="A run, and a text file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; appears only complete.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    tags: Annotated[bool, typer.Option("--tags", help="The tags alone, a space between.")] = False,
    device: Device = "auto",
) -> None:
    """Tell the tag of each word of each line: word/TAG word/TAG.

    \b
    regard tag runs/names < text.txt > tagged.txt
    regard tag runs/names text.txt --json
    echo "Anna wohnt in Kiel ." | regard tag runs/names --tags

    Words are what spaces divide. N lines in are N lines out, in order; an empty line stays empty.
    """
    from regard.api import load
    from regard.cli import streams
    from regard.recipe import UserError
    from regard.run import Run

    asked = told_apart(words, files=1)
    if len(asked.runs) > 1 or asked.changes:
        raise UserError("tag: takes one run, and no changes")
    recipe = Run(asked.runs[0]).recipe
    if recipe.verb != "tag":
        raise UserError(f"{asked.runs[0]}: a run of {recipe.task} does not tag")
    used = load(asked.runs[0], device=device)
    given = asked.files[0] if asked.files else None
    with streams.source(given) as (file, name), streams.output(output) as write:
        for chunk in streams.chunks(file, name):
            found = used.tag(chunk.lines)
            if json:
                lines = [say.dumps(vars(one)) for one in found]
            else:
                lines = [" ".join(one.tags) if tags else str(one) for one in found]
            write(chunk.like(lines))
