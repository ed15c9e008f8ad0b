"""`regard bench attention` and `regard bench swap`: the attention family beside plain attention."""

from pathlib import Path
from typing import Annotated, Any

import typer

from regard.cli import say
from regard.cli.bench import OUT, Data, Out, Record, Rounds, Seed, Threads, app, check, corpus
from regard.cli.common import Json

LENGTHS = "256,512,1024,2048,4096,8192,16384"


@app.command(short_help="what each kind of attention costs by length.")
def attention(
    kinds: Annotated[
        str, typer.Option(help="Kinds, comma-separated.", show_default="all for long rows")
    ] = "",
    lengths: Annotated[str, typer.Option(help="Positions of a row.")] = LENGTHS,
    width: Annotated[int, typer.Option(min=1, help="Of the stream: heads times head width.")] = 128,
    heads: Annotated[int, typer.Option(min=1, help="Heads.")] = 4,
    causal: Annotated[bool, typer.Option(help="The form that writes.")] = False,
    rounds: Rounds = 3,
    threads: Threads = 2,
    most_s: Annotated[
        float, typer.Option(min=0, help="No length that would take longer, forward and backward.")
    ] = 20.0,
    most_mib: Annotated[float, typer.Option(min=0, help="Nor more memory.")] = 6000.0,
    seed: Seed = 1,
    out: Out = OUT,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="A picture of it.")] = None,
    json: Json = False,
    record: Record = None,
) -> None:
    """Time and memory of each kind, forward and backward, by length; and the exponents fitted.

    \b
    regard bench attention --kinds window,linear,performer
    regard bench attention --record results --plot docs/pictures/lengths.png

    Only what happens between queries, keys and values is measured, without projections. A kind is
    measured in turns with the others, once a round; exponents are fitted from 2,048 positions on.
    """
    from regard.bench import attention as bench
    from regard.cli.bench import numbers
    from regard.recipe import UserError, nearest

    known = bench.choices(causal)
    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()] or known
    for kind in chosen:
        if kind not in known:
            raise UserError(f"--kinds: no {kind!r} for such rows; {nearest(kind, known)}")
    asked: dict[str, Any] = {
        "lengths": numbers(lengths), "width": width, "heads": heads, "causal": causal,
        "rounds": rounds, "threads": threads, "most_s": most_s, "most_mib": most_mib, "seed": seed,
    }  # fmt: skip
    found = bench.run(chosen, asked, out, say.note)
    if record is not None:
        from regard.bench.record import record_kinds

        record_kinds(record, found)
    if plot is not None:
        from regard.look.lengths import lengths as drawn

        drawn(found["kinds"]).savefig(plot)
    if json:
        say.document(found)
    else:
        names = [f"{length:,}" for length in asked["lengths"]]
        title = f"milliseconds forward and backward, width {width}, {heads} heads; " \
                f"{found['hardware']}"  # fmt: skip
        say.table(["", "time exponent", "memory exponent", *names], bench.rows(found), title)
    if found["failed"]:
        for name, why in found["failed"].items():
            say.note(f"{name}: {why}")
        raise typer.Exit(1)


@app.command(short_help="one part of a translator changed, equal time.")
def swap(
    kinds: Annotated[
        str, typer.Option(help="FAMILY.KIND, comma-separated.", show_default="some of each branch")
    ] = "",
    size: Annotated[str, typer.Option(help="tiny, small, base or large.")] = "tiny",
    minutes: Annotated[float, typer.Option(min=0, help="Of training for each.")] = 8.0,
    data: Data = None,
    threads: Threads = 2,
    seed: Seed = 1,
    out: Out = OUT,
    json: Json = False,
    record: Record = None,
) -> None:
    """Train the same translator with one line changed, for equal time; rank by dev loss.

    \b
    regard bench swap --kinds attention.window,norm.rms,ff.swiglu
    regard bench swap --record results

    The plain model is trained from three seeds: what lies within two standard deviations of them
    is a tie. Where a kind cannot write, only the encoder has it.
    """
    from regard.bench import swap as bench
    from regard.bench.sizes import SIZES

    check(size=(size, list(SIZES)))
    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()] or list(bench.USUAL)
    asked = {"size": size, "minutes": minutes, "threads": threads, "seed": seed}
    found = bench.run(chosen, asked, corpus(data), out, say.note)
    if record is not None:
        from regard.bench.record import record_swaps

        record_swaps(record, found)
    if json:
        say.document(found)
    else:
        say.table(bench.COLUMNS, bench.cells(found), f"{size}, {minutes:g} minutes each; "
                  f"{found['hardware']}")  # fmt: skip
    if any("failed" in row for row in found["rows"]):
        raise typer.Exit(1)
