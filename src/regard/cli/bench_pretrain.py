"""`regard bench pretrain`: ways to pre-train an encoder at equal FLOPs."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from regard.cli import say
from regard.cli.bench import Record, Threads, check
from regard.cli.bench_classify import app
from regard.cli.common import Json

OUT = Path("runs/bench_pretrain")


@app.command(short_help="ways to pre-train an encoder at equal FLOPs.")
def pretrain(
    ways: Annotated[
        str, typer.Option(help="Comma-separated.", show_default="all: nothing, mlm, electra …")
    ] = "",
    steps: Annotated[int, typer.Option(min=1, help="Updates of mlm; the budget of all.")] = 4000,
    labels: Annotated[int, typer.Option(min=1, help="Labelled rows to learn from.")] = 2000,
    recipes: Annotated[
        tuple[str, str, str], typer.Option(metavar="MLM ELECTRA CLASSIFY", help="Three recipes.")
    ] = ("pretrain/ko_reviews", "pretrain/ko_reviews_electra", "classify/nsmc_binary"),
    mono: Annotated[
        Path | None, typer.Option(help="Texts without labels.", show_default="$DATA/mono")
    ] = None,
    labelled: Annotated[
        Path | None, typer.Option(help="Texts with labels.", show_default="$DATA/nsmc_ratings")
    ] = None,
    threads: Threads = 2,
    seed: Annotated[int, typer.Option(help="Of all weights, and of what is drawn.")] = 1,
    out: Annotated[Path, typer.Option(help="Where the runs lie.")] = OUT,
    json: Json = False,
    record: Record = None,
) -> None:
    """Pre-train the same encoder in several ways at equal FLOPs, then tune each on a few labels.

    \b
    regard bench pretrain --out runs/equal
    regard bench pretrain --ways nothing,mlm,electra --steps 500 --labels 500
    regard bench pretrain --out runs/equal --record results

    nothing: a classifier from scratch; mlm; electra; and the paper's ablations fifteen,
    replace_mlm, all_tokens. p: McNemar's test against mlm. What is finished is found again.
    """
    from regard.bench import pretrain as bench

    chosen = [way.strip() for way in ways.split(",") if way.strip()] or list(bench.WAYS)
    for one in chosen:
        check(**{"--ways": (one, bench.WAYS)})
    where = folder(mono, "mono"), folder(labelled, "nsmc_ratings")
    asked = bench.Asked(*recipes, *where, steps, labels, seed, threads)
    found = bench.run(chosen, asked, out, say.note)
    worth = found.pop("worth")
    if record is not None:
        keep(record, found, worth)
    if json:
        say.document(found)
    else:
        spent = f"{found['budget_flops'] / 1e12:.1f} TFLOP each"
        title = f"{labels:,} labels, {spent}; {found['hardware']}"
        say.table(bench.COLUMNS, bench.cells(found), title)


def folder(given: Path | None, name: str) -> Path:
    """The one that was named, or that of the data folder. Raises UserError if there is neither."""
    from regard.recipe import UserError

    if given is None and not os.environ.get("DATA"):
        raise UserError(f"--{'mono' if name == 'mono' else 'labelled'}: name the folder of texts")
    return given or Path(os.environ["DATA"], name)


def keep(folder: Path, found: dict[str, Any], worth: list[Any]) -> None:
    """A row for each figure of each way, what it cost beside it."""
    from regard import results
    from regard.bench.pretrain import TEST
    from regard.cli import judged

    for one in worth:
        spent = {key: float(f"{value:.6g}") for key, value in one.row.items()
                 if isinstance(value, float)}  # fmt: skip
        facts = {**results.of_run(one.run), **spent, "pretraining_steps": one.row["steps"],
                 "set": TEST, "wall_s": found["wall_s"]}  # fmt: skip
        judged.keep(folder, f"pretrain/{one.row['name']}", one.judged, facts)
