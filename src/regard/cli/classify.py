"""`regard classify`: texts in, labels out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, told_apart

if TYPE_CHECKING:
    from regard.tasks.classifier import Classifier, Judgement


def classify(
    words: Annotated[list[str], typer.Argument(metavar="RUN|FILE", help="A run, and a text file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; appears only complete.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    scores: Annotated[
        bool, typer.Option("--scores", help="LABEL, tab, how probable it is to be right.")
    ] = False,
    least: Annotated[
        float,
        typer.Option("--min-confidence", min=0, max=1, help="Below it a line gets no label."),
    ] = 0.0,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="The text's of a .csv or .tsv, which gets a column more."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Tell the label (or number) of each line; of a pair's run, of two texts with a tab between.

    \b
    regard classify runs/reviews < reviews.txt > stars.txt
    regard classify runs/reviews reviews.txt --json
    echo "재미있어요" | regard classify runs/reviews --scores
    regard classify runs/reviews reviews.txt --min-confidence 0.9
    regard classify runs/reviews reviews.csv --column text -o labelled.csv

    N lines in are N lines out, in order; an empty line stays empty, and so does the label of a line
    that the run is less sure of than it has to be (`regard calibrate` says what to ask for).
    """
    from regard.cli import streams
    from regard.cli.readers import classifier, row
    from regard.recipe import UserError

    asked = told_apart(words, files=1)
    used = classifier(asked, device)
    if least and used.recipe.readout.numeric:
        raise UserError("--min-confidence: this run answers with numbers, and is as sure of all")
    given = asked.files[0] if asked.files else None
    if column or (given and given.lower().endswith(".csv")):
        if given is None:
            raise UserError("--column: is for a .csv or .tsv file; name one")
        write_table(used, Path(given), column or [], output, json, scores, least)
        return
    number = 0
    with (
        streams.source(given) as (file, name), streams.output(output) as write,
        say.reading(given, "classifying", shown=output is not None) as read,
    ):  # fmt: skip
        for chunk in streams.chunks(file, name):
            rows = [row(used, line, name, number + i) for i, line in enumerate(chunk.lines, 1)]
            write(chunk.like([told(one, json, scores, least) for one in used.classify(rows)]))
            number += len(chunk.lines)
            read(file)


def write_table(
    used: "Classifier", path: Path, columns: list[str], output: Path | None, json: bool,
    scores: bool, least: float,
) -> None:  # fmt: skip
    """The table with a column for the labels, and one for how sure they are if that is wanted."""
    from regard.cli import streams
    from regard.cli.columns import Sheet
    from regard.recipe import UserError

    sheet = Sheet(path, columns)
    if len(columns) != used.columns:
        wanted = ("one text", "two texts")[used.columns - 1]
        raise UserError(f"--column: this run reads {wanted} a row, got {len(columns)}")
    parts = say.parts(sheet.rows, 256, "classifying")
    found = [one for part in parts for one in used.classify(part)]
    with streams.output(output) as write:
        if json:
            write("".join(told(one, True, scores, least) + "\n" for one in found))
            return
        added = {"label": [told(one, False, False, least) for one in found]}
        if scores:
            sure = [one.confidence for one in found]
            added["confidence"] = ["" if x is None else f"{x:.4f}" for x in sure]
        write(sheet.beside(added))


def told(one: "Judgement", json: bool, scores: bool, least: float = 0.0) -> str:
    """A judgement as the options want it; without its label if it is less sure than `least`."""
    sure = one.confidence is None or one.confidence >= least
    label = one.label if sure else ""
    if json:
        abstained = {} if sure else {"abstained": True}
        return say.dumps({"label": label, "confidence": one.confidence,
                          "probabilities": one.probabilities, **abstained})  # fmt: skip
    if scores and one.confidence is not None:
        return f"{label}\t{one.confidence:.4f}"
    return label
