"""`regard pairs`: two texts in, whether they are the same thing out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Device, told_apart

if TYPE_CHECKING:
    from regard.cli.common import Words
    from regard.tasks.classifier import Judgement


def pairs(
    words: Annotated[
        list[str], typer.Argument(metavar="RUN [FILE [FILE]]", help="A run; a table, or two texts.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; appears only complete.")
    ] = None,
    jsonl: Annotated[
        bool,
        typer.Option("--jsonl", help="A JSON object a line, with the run's columns (or a and b)."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    device: Device = "auto",
) -> None:
    """Tell whether two texts are the same thing, and how probable that answer is to be right.

    \b
    regard pairs runs/code_bi a.py b.py
    regard pairs runs/code_cross --jsonl < pairs.jsonl
    regard pairs runs/paraphrases < pairs.tsv

    A line holds two texts with a tab between; texts with line breaks come as --jsonl, or as two
    files. N lines in are N lines out, in order: LABEL, tab, probability; an empty one stays empty.
    """
    from regard.cli import streams
    from regard.cli.readers import row
    from regard.recipe import UserError

    asked = told_apart(words, files=2)
    used = comparer(asked, device)
    if len(asked.files) == 2:
        if jsonl:
            raise UserError("--jsonl: is for one file of many pairs, not for two files")
        texts = tuple(whole(name) for name in asked.files)
        with streams.output(output) as write:
            write(told(used.classify([texts])[0], json) + "\n")
        return
    number = 0
    with opened(asked.files, jsonl) as (file, name), streams.output(output) as write:
        for chunk in streams.chunks(file, name):
            rows = [
                objects(used, line, f"{name}, line {number + i}") if jsonl
                else row(used, line, name, number + i)
                for i, line in enumerate(chunk.lines, 1)
            ]  # fmt: skip
            write(chunk.like([told(one, json) for one in used.classify(rows)]))
            number += len(chunk.lines)


def comparer(words: "Words", device: str) -> Any:
    """The run among these words, loaded. Raises UserError if it does not read pairs."""
    from regard.api import load
    from regard.recipe import UserError
    from regard.run import Run

    if len(words.runs) > 1 or words.changes:
        raise UserError("pairs: takes one run, and no changes")
    recipe: Any = Run(words.runs[0]).recipe
    if recipe.verb not in ("pairs", "classify") or len(recipe.data.text) != 2:
        raise UserError(f"{words.runs[0]}: a run of {recipe.task} that does not read two texts")
    return load(words.runs[0], device=device)


@contextmanager
def opened(files: list[str], jsonl: bool) -> Iterator[tuple[IO[bytes], str]]:
    """The one file, or standard input."""
    from regard.cli import streams

    if jsonl and files and files[0] != "-":
        with open(files[0], "rb") as file:
            yield file, files[0]
        return
    with streams.source(files[0] if files else None) as found:
        yield found


def whole(name: str) -> str:
    """A file as one text. Raises UserError if it is not UTF-8."""
    from regard.recipe import UserError

    try:
        return Path(name).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: byte {error.start + 1} is not UTF-8; save it as UTF-8") from None


def objects(used: Any, line: str, here: str) -> tuple[str, ...]:
    """The texts of a JSON line: under the run's columns, or under a and b.

    Raises UserError if there are none.
    """
    from regard.data.corpus.base import text
    from regard.data.corpus.jsonl import parse

    if not line.strip():
        return ("", "")
    fields = parse(line, here)
    columns = used.recipe.data.text
    short = set(columns).isdisjoint(fields) and {"a", "b"} <= fields.keys()
    return tuple(text(fields, key, here, True) for key in (("a", "b") if short else columns))


def told(one: "Judgement", json: bool) -> str:
    """A judgement as the options want it."""
    if json:
        return say.dumps({"label": one.label, "confidence": one.confidence,
                          "probabilities": one.probabilities})  # fmt: skip
    return one.label if one.confidence is None else f"{one.label}\t{one.confidence:.4f}"
