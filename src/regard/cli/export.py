"""`regard export`: a run for another engine, and how exact it is there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regard.cli import say
from regard.cli.common import Dir, Direction, Json

if TYPE_CHECKING:
    from regard.export.parity import Report


KINDS = "ctranslate2, onnx, hf, native or shortlist."


def export(
    run: Annotated[str, typer.Argument(help="The run to export.")],
    to: Annotated[str, typer.Option(metavar="KIND", help=KINDS)],
    out: Annotated[
        Path | None,
        typer.Option(help="The export's folder.", show_default="RUN/exports/KIND-PRECISION"),
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, or int8 where the kind has it.")
    ] = None,
    sentences: Annotated[
        int, typer.Option(min=1, help="How many are answered by both, to compare.")
    ] = 200,
    source: Annotated[
        Path | None, typer.Option(help="A file of sentences, instead of the run's dev corpus.")
    ] = None,
    directory: Dir = None,
    direction: Direction = None,
    json: Json = False,
) -> None:
    """Write a run for another engine, then compare the answers of both: the parity report.

    \b
    regard export runs/deen --to ctranslate2 --precision int8
    regard export runs/deen --to onnx --out deen.onnx --source some.de --sentences 500
    regard translate runs/deen --engine ctranslate2 < text.de > text.en

    The report is kept in the export as parity.json. `regard translate` goes by it: from then on it
    uses the fastest export that is exact enough, and says so.
    """
    from regard.api import translating as load
    from regard.cli.common import told_apart
    from regard.export import base
    from regard.export.parity import Sample

    (folder,) = told_apart([run]).runs
    loaded = folder if base.apart(folder) else load(folder, device="cpu")
    sample = Sample(sentences, source, directory, direction)
    report = base.export(loaded, out, to, precision, sample, say.note)
    if json:
        say.document(report)
        return
    if hasattr(report, "own"):
        show(report)
    where = out or Path(run) / "exports" / f"{report.kind}-{report.precision}"
    say.write(f"{where}: {report.sentence}\n")


def show(report: "Report") -> None:
    """The report as a person reads it."""
    own, other = report.own, report.export
    rows = [("sentences a second", own.speed, other.speed)]
    if own.bleu is not None:
        rows += [("BLEU", own.bleu, other.bleu), ("chrF", own.chrf, other.chrf)]  # type: ignore[list-item]
    threads = report.facts["threads"]
    title = f"{report.sentences} sentences of {report.lines}, {threads} threads"
    say.table(("", "own search", f"{report.kind} {report.precision}"), rows, title)
    say.write(
        f"the very same tokens: {report.same} of {report.sentences}; scores differ by "
        f"{report.mean_difference:.2g} on average, {report.largest_difference:.2g} at most; "
        f"left to our own search: {report.sentences - report.answered}\n"
    )
