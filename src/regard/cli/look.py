"""`regard look`: what a model attends to while it translates a sentence, or judges a text."""

from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, Direction, Json, opened, told_apart


def look(
    run: Annotated[str, typer.Argument(help="The run to look into.")],
    sentence: Annotated[
        list[str],
        typer.Argument(metavar="TEXT", help="One sentence; two texts for a run of pairs."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A page (.html), picture (.png), data (.json)."),
    ] = None,
    direction: Direction = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Look at attention, alignment and beam for one sentence; of a classifier, at what words count.

    \b
    regard look runs/deen "Ein Hund rennt durch den Schnee." -o map.html
    regard look runs/deen "Ein Hund rennt durch den Schnee." -o map.png
    regard look runs/deen "Ein Hund rennt durch den Schnee."      (the alignment, here)
    regard look runs/reviews "재미있어요" -o why.html
    """
    from regard.recipe import UserError
    from regard.run import Run

    if output is not None and output.suffix.lower() not in (".html", ".png", ".json"):
        raise UserError(f"{output}: a look is saved as .html, .png or .json; end the name in one")
    folder = told_apart([run]).runs[0]
    recipe = Run(folder).recipe
    if recipe.verb == "translate":
        if len(sentence) > 1:
            raise UserError(f"look: wants one sentence, got {len(sentence)}; quote it")
        translating(folder, sentence[0], direction, device, output, json)
        return
    if direction is not None:
        raise UserError(f"--direction: {run} is a run of {recipe.task}, which has none")
    judging(folder, sentence, device, output, json)


def translating(
    run: str, sentence: str, direction: str | None, device: str, output: Path | None, json: bool
) -> None:
    """The look of a translator, saved or told here."""
    from regard.look.saving import dumps

    found = opened([run], device).look(sentence, direction)
    if output is not None:
        found.save(output)
        say.note(f"{output} shows: {found.target}")
    if json:
        say.write(dumps(found.record()) + "\n")
    elif output is None:
        say.write(f"{found.source}\n{found.target}\n")
        links = sorted(found.alignment, key=lambda link: link[1])
        rows = ((found.target_words[t], found.source_words[s], w) for s, t, w in links)
        say.table(("answer", "looks at", "weight"), rows)


def judging(run: str, texts: list[str], device: str, output: Path | None, json: bool) -> None:
    """The words that a classifier's answer rests on, saved or told here."""
    from regard.api import load
    from regard.look.attributed import CAVEAT, NAMES
    from regard.look.attributing import Used, attribute
    from regard.look.saving import dumps
    from regard.recipe import UserError

    used = load(run, device=device)
    if not isinstance(used, Used):
        raise UserError(f"{run}: there is no look into a run of {used.recipe.task}")
    found = attribute(used, tuple(texts))
    if output is not None:
        found.save(output)
        say.note(f"{output} shows: {found.label}")
    if json:
        say.write(dumps(found.record()) + "\n")
    elif output is None:
        p = found.probabilities.get(found.label)
        say.write(found.label + ("\n" if p is None else f"\t{p:.4f}\n"))
        rows = (
            (word, *(by[t][i] for by in found.methods.values()))
            for t, words in enumerate(found.words) for i, word in enumerate(words)
        )  # fmt: skip
        say.table(("word", *(NAMES[name] for name in found.methods)), rows)
        say.note(CAVEAT)
