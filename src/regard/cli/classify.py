"""`regard classify`: texts in, labels out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, told_apart

if TYPE_CHECKING:
    from regard.tasks.classifier import Judgement


def classify(
    words: Annotated[list[str], typer.Argument(metavar="RUN|FILE", help="A run, and a text file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; appears only complete.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    scores: Annotated[
        bool, typer.Option("--scores", help="LABEL, tab, how probable it is to be right.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Tell the label (or number) of each line; of a pair's run, of two texts with a tab between.

    \b
    regard classify runs/reviews < reviews.txt > stars.txt
    regard classify runs/reviews reviews.txt --json
    echo "재미있어요" | regard classify runs/reviews --scores

    N lines in are N lines out, in order; an empty line stays empty.
    """
    from regard.cli import streams
    from regard.cli.readers import classifier, row

    asked = told_apart(words, files=1)
    used = classifier(asked, device)
    number = 0
    given = asked.files[0] if asked.files else None
    with streams.source(given) as (file, name), streams.output(output) as write:
        for chunk in streams.chunks(file, name):
            rows = [row(used, line, name, number + i) for i, line in enumerate(chunk.lines, 1)]
            write(chunk.like([told(one, json, scores) for one in used.classify(rows)]))
            number += len(chunk.lines)


def told(one: "Judgement", json: bool, scores: bool) -> str:
    """A judgement as the options want it."""
    if json:
        return say.dumps({"label": one.label, "confidence": one.confidence,
                          "probabilities": one.probabilities})  # fmt: skip
    if scores and one.confidence is not None:
        return f"{one.label}\t{one.confidence:.4f}"
    return one.label
