"""The verbs together, in the order in which one needs them."""

import sys
from functools import cache
from typing import Annotated, Any

import typer

from regard.cli import (
    adapt,
    bench,
    bench_pairs,
    calibrate,
    classify,
    compare,
    compress,
    curve,
    data,
    demo,
    doctor,
    evaluate,
    export,
    import_,
    look,
    pairs,
    parts,
    recipes,
    score,
    serve,
    study,
    tag,
    train,
    translate,
    verify_resume,
)

VERBS = (
    demo.demo, train.train, translate.translate, evaluate.evaluate, score.score, compare.compare,
    curve.curve, calibrate.calibrate, classify.classify, pairs.pairs, tag.tag, look.look,
    serve.serve, adapt.adapt, compress.compress, export.export, import_.import_, doctor.doctor,
    recipes.recipes, parts.parts, verify_resume.verify_resume, study.study,
)  # fmt: skip


def version(asked: bool) -> None:
    """Print the version and end."""
    if asked:
        import regard

        print(f"regard {regard.__version__}")
        raise typer.Exit


def start(
    version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Train a translator on your own text, look inside it, prove how good it is, put it to work.

    \b
    regard demo                                    three minutes, nothing needed
    regard train translate/multi30k_deen data.dir=DIR --out runs/deen
    regard translate runs/deen < text.de > text.en
    regard evaluate runs/deen --slices
    regard look runs/deen "Ein Hund rennt." -o map.html

    `regard VERB --help` shows each verb's options, with examples.
    """


def short(module: str) -> str:
    """What a verb is for: the docstring of its file, behind its name."""
    return (sys.modules[module].__doc__ or "").partition(": ")[2].strip()


@cache
def command() -> Any:
    """The whole command line as click's object."""
    # plain help: drawing it with rich would more than double the time to show it
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(start)
    for verb in VERBS:
        name = verb.__name__.strip("_").replace("_", "-")
        app.command(name, short_help=short(verb.__module__))(verb)
    app.add_typer(data.app, name="data", short_help=short(data.__name__))
    app.add_typer(
        bench_pairs.app, name="bench", short_help=short(bench.__name__)
    )  # all of bench's
    return typer.main.get_command(app)
