"""`regard compress`: makes a run smaller, and tells what that loses and what it saves."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Beam, Decode, Dir, Json, told_apart

COLUMNS = ("", "score", "lost", "chance", "linear MiB", "file MiB", "zipped", "parameters",
           "times as fast")  # fmt: skip
MIB = 2**20


def compress(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN [KEY=VALUE]", help="A run; changes to how points are tuned."),
    ],
    out: Annotated[Path, typer.Option(help="The folder of the run that is recommended.")],
    heads: Annotated[str, typer.Option(help="Shares of the heads to cut out: 0.25,0.5.")] = "",
    layers: Annotated[str, typer.Option(help="How many layers to drop: 1,2.")] = "",
    weights: Annotated[str, typer.Option(help="Shares of weights to set to 0: 0.5,0.8.")] = "",
    int8: Annotated[bool, typer.Option("--int8", help="Each point in 8 bits too.")] = False,
    student: Annotated[
        str | None, typer.Option(metavar="RUN", help="A distilled run as one more point.")
    ] = None,
    of: Annotated[str, typer.Option(help="encoder, decoder, cross or all.")] = "encoder",
    by: Annotated[str, typer.Option(help="importance, or gates that are trained.")] = "importance",
    gating: Annotated[int, typer.Option(min=1, help="Updates to train gates.")] = 500,
    penalty: Annotated[float, typer.Option(min=0, help="Of an open gate, nats a token.")] = 0.02,
    tune: Annotated[int, typer.Option(min=0, help="Updates that mend each point.")] = 300,
    within: Annotated[float, typer.Option(min=0, help="What may be lost, in points.")] = 0.5,
    lines: Annotated[int, typer.Option(min=0, help="Dev lines to measure on (0: all).")] = 0,
    timed: Annotated[int, typer.Option(min=1, help="Of which so many are timed.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="How often.")] = 4,
    test: Annotated[str, typer.Option(help="The split on which the chosen one is told.")] = "test",
    directory: Dir = None,
    beam: Beam = None,
    decode: Decode = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A picture of the curve.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the figures as evidence here.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a run smaller in several ways, measure each, and keep the smallest that is good enough.

    \b
    regard compress runs/deen --heads 0.25,0.5,0.75 --int8 --out runs/deen_small -o curve.png
    regard compress runs/deen --heads 0.5 --by gates --out runs/deen_gated
    regard compress runs/deen --layers 1,2 --weights 0.5,0.8 --of all --out runs/deen_thin

    Every point is a run in OUT_points. Heads and layers are cut out for good; weights that are 0
    make a zipped file smaller, but no product faster. What is lost is told by dev, with the
    probability that it is chance; an interrupted table goes on.
    """
    from regard.compress.points import Asked
    from regard.compress.table import How, curve
    from regard.recipe import UserError

    told = told_apart(words)
    if len(told.runs) > 1:
        raise UserError(f"{told.runs[1]}: compress takes one run; a distilled one is a --student")
    one_of("--of", of, ("encoder", "decoder", "cross", "all"))
    one_of("--by", by, ("importance", "gates"))
    asked = Asked(
        shares("--heads", heads), counts("--layers", layers), shares("--weights", weights), of, by,
        gating, penalty, tune, tuple(told.changes), directory,
    )  # fmt: skip
    if not (asked.heads or asked.layers or asked.weights or int8 or student):
        raise UserError("compress: say how: --heads, --layers, --weights, --int8 or --student")
    settings = decoding(told.runs[0], beam, decode)
    how = How(int8, student, within, lines, timed, rounds, test, settings)
    found = go(lambda: curve(opened(told.runs[0]), out, asked, how, say.note))
    if output is not None:
        from regard.look.compressing import compressing

        compressing(found["rows"], within, found["chosen"]).savefig(output)
    if record is not None:
        from regard.compress.record import recorded

        recorded(record, opened(told.runs[0]), found)
    say.document(found) if json else show(found)


def opened(name: str) -> Any:
    """The run."""
    from regard.run import Run

    return Run(name)


def go(work: Any) -> Any:
    """Do it; who stops it is told how it goes on."""
    try:
        return work()
    except KeyboardInterrupt:
        say.note("regard: interrupted; the same command goes on from there")
        raise typer.Exit(130) from None


def decoding(run: str, beam: int | None, decode: str | None) -> Any:
    """How all points look for answers; None: as the run does, or answers no texts."""
    if beam is None and decode is None:
        return None
    from regard.api import decoding
    from regard.recipe import UserError

    recipe: Any = opened(run).recipe
    if not hasattr(recipe, "decode"):
        raise UserError(f"--decode: a run of {recipe.task} looks for no texts")
    settings = decoding(recipe.decode, decode)
    return settings if beam is None else decoding(settings, {"kind": "beam", "size": beam})


def one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    """Raises UserError for another value."""
    from regard.recipe import UserError, nearest

    if value not in known:
        raise UserError(f"{option}: no {value!r}; {nearest(value, known)}")


def shares(option: str, text: str) -> tuple[float, ...]:
    """Numbers above 0, up to 1. Raises UserError."""
    from regard.recipe import UserError

    for word in cut(text):
        if not re.fullmatch(r"0?\.\d+|1(\.0*)?", word) or not float(word):
            raise UserError(f"{option}: {word!r} is no share; above 0, up to 1, as 0.25,0.5")
    return tuple(float(word) for word in cut(text))


def counts(option: str, text: str) -> tuple[int, ...]:
    """Whole numbers from 1 on. Raises UserError."""
    from regard.recipe import UserError

    for word in cut(text):
        if not word.isdecimal() or not int(word):
            raise UserError(f"{option}: {word!r} is no number of layers; 1 or more, as 1,2")
    return tuple(int(word) for word in cut(text))


def cut(text: str) -> list[str]:
    """Words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def show(found: dict[str, Any]) -> None:
    """The table and what follows."""
    say.table(COLUMNS, [cells(row) for row in found["rows"]], f"{found['run']}: dev")
    if found["chosen"] is None:
        say.write(f"nothing smaller loses {found['within']:g} or less: the run stays as it is\n")
        return
    test = found["test"]
    say.write(f"{found['out']}: {found['chosen']}. On {test['set']}, {test['lines']:,} lines: "
              f"{test['verdict']['sentence']}\n")  # fmt: skip


def cells(row: dict[str, Any]) -> list[Any]:
    """A line of the table."""
    if "failed" in row:
        return [f"{row['name']}: {row['failed']}", *[None] * (len(COLUMNS) - 1)]
    verdict, ratio = row.get("verdict"), row.get("ratio")
    lost = (-verdict["difference"] or 0.0, f"p = {verdict['p']:.3f}") if verdict else (None, None)
    sizes = [f"{row[key] / MIB:.2f}" for key in ("linear_bytes", "file_bytes", "zip_bytes")]
    speed = None if ratio is None else f"{ratio[1]:.2f} ({ratio[0]:.2f}-{ratio[2]:.2f})"
    return [row["name"], row["score"], *lost, *sizes, row["parameters"], speed]
