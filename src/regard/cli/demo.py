"""`regard demo`: from nothing to a translator to look into, on the built-in phrasebook."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Device, Json, answers

if TYPE_CHECKING:
    from rich.console import Console

    from regard.api import Loaded

RECIPE = "translate/phrasebook_koen"
SHOWN = 6  # sentences
SETS = {
    "test": "unseen sentences",
    "combos": "unseen combinations of words",
    "long": "longer than any in training",
}


def demo(
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Changes to its recipe.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/demo"),
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Train on the built-in Korean-English phrasebook, translate, measure, draw the attention.

    \b
    regard demo
    regard demo train.steps=300 --out runs/short

    It needs no data and no network. A second call uses the run that the first one left.
    """
    import regard
    from regard.api import translating as load
    from regard.cli.report import alignment

    began = time.monotonic()
    to = say.console(error=json)
    rule(to, f"1  Train {RECIPE}")
    try:
        run = regard.train(RECIPE, *(changes or []), out=out, device=device)
    except KeyboardInterrupt:
        say.note("regard: interrupted; the same command goes on from the newest checkpoint")
        raise typer.Exit(130) from None
    info = run.info()
    to.print(
        f"{run.folder}: {info['parameters']:,} parameters, {info['steps']:,} steps in "
        f"{info['seconds'] / 60:.1f} min"
    )
    mt = load(run, device=device)
    rule(to, "2  Measure it on what it has never seen")
    texts = {split: tested(mt, split) for split in SETS}
    found: dict[str, Any] = {
        "run": str(run.folder), "train_seconds": info["seconds"], "parameters": info["parameters"],
        "scores": {split: scored(rows) for split, rows in texts.items()}, **aligned(mt),
    }  # fmt: skip
    to.print(score_table(found["scores"]))
    a = found["alignment"]
    to.print(f"alignment error {a['aer']:.3f} against the grammar's own links: {alignment(a)}")
    rule(to, "3  Translate")
    shown = texts["test"][:: max(1, len(texts["test"]) // SHOWN)][:SHOWN]
    to.print(sample_table(shown))
    rule(to, "4  Look inside")
    for path in drawn(mt, shown, a):
        to.print(f"[bold]{path}[/]", markup=True)
    found["seconds"] = round(time.monotonic() - began, 1)
    found["samples"] = [{"source": s, "output": o, "reference": r} for s, o, r in shown]
    to.print(NEXT.format(run=run.folder))
    if json:
        say.document(found)


def rule(to: "Console", text: str) -> None:
    """A heading."""
    to.print(f"\n[bold blue]{text}[/]", markup=True)


def tested(mt: "Loaded", split: str) -> list[tuple[str, str, str]]:
    """Source, output and reference of each line of a split."""
    from regard.cli.testset import of_run
    from regard.tasks.translator import Wish

    tests = of_run(mt, split, None, None)
    assert tests.sources is not None
    outputs = answers(mt.translator, tests.sources, Wish(tests.direction), split)
    rows = zip(tests.sources, outputs, tests.references, strict=True)
    return [(source, output.text, refs[0]) for source, output, refs in rows]


def scored(rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """BLEU, chrF and exact match, with signatures."""
    from regard.evaluate.scores import all_scores

    outputs, references = [row[1] for row in rows], [row[2] for row in rows]
    scores = all_scores(outputs, references, "en", ("bleu", "chrf", "exact_match"))
    return {"lines": len(rows), **scores}


def aligned(mt: "Loaded") -> dict[str, Any]:
    """The alignment error of the attention, its head chosen on dev."""
    from regard.tasks.aligning import measure

    return {"alignment": measure(mt.translator, "test")}


def drawn(mt: "Loaded", rows: list[tuple[str, str, str]], alignment: dict[str, Any]) -> list[Path]:
    """A page and a picture of the attention for the longest sentence shown."""
    from regard.look.capture import look
    from regard.tasks.attending import Head

    source = max(rows, key=lambda row: len(row[0]))[0]
    best = Head(alignment["map"], alignment["head"], alignment["shift"])
    found = look(mt.translator, source, head=best)
    folder = mt.runs[0].folder
    return [found.save(folder / f"attention.{ending}") for ending in ("html", "png")]


def score_table(scores: dict[str, dict[str, Any]]) -> Any:
    """Each set's scores."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table("set", "", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("lines", "BLEU", "chrF", "exact match"):
        made.add_column(column, justify="right")
    for split, row in scores.items():
        figures = [f"{row[x].value:.1f}" for x in ("bleu", "chrf")]
        made.add_row(
            split, SETS[split], f"{row['lines']:,}", *figures, f"{row['exact_match'].value:.1f} %"
        )
    return made


def sample_table(rows: list[tuple[str, str, str]]) -> Any:
    """Sources with what the model says, and what it should say where that differs."""
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, 2))
    for source, output, reference in rows:
        right = output == reference
        made.add_row(Text("✓" if right else "✗", "green" if right else "red"), Text(source, "bold"))
        made.add_row("", output)
        if not right:
            made.add_row("", Text(f"{reference}   (reference)", "dim"))
    return made


NEXT = """
Next:
  regard look {run} "민수는 어제 책을 읽었다." -o map.html
  regard translate {run}            (type Korean, one sentence a line)
  regard recipes                    (translators for your own text)"""
