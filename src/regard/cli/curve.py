"""`regard curve`: how good a classifier gets with how many labels."""

from pathlib import Path
from typing import Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Device, Json


def curve(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE KEY=VALUE", help="A recipe, and changes; start=RUN adds a variant."
        ),
    ],
    labels: Annotated[str, typer.Option(help="Training rows.")] = "100,300,1000,3000,10000",
    seeds: Annotated[int, typer.Option(min=1, help="Of each: other rows, other weights.")] = 3,
    test: Annotated[str, typer.Option("--set", help="The split that is answered.")] = "test",
    out: Annotated[Path, typer.Option(help="Finished cells are kept here.")] = Path("runs/curve"),
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="A picture, .png.")] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep figures and output as evidence here."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="GROUP/NAME", help="What recorded names begin with.")
    ] = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Train a recipe on few labels and on more, from several seeds: means, intervals, gains.

    \b
    regard curve classify/nsmc_few data.dir=$DATA/nsmc_ratings --labels 100,1000
    regard curve classify/nsmc_few data.dir=$DATA/nsmc_ratings start=runs/ko_reviews --plot few.png

    With start=RUN it is trained from scratch and from that run, on the same rows, and what that
    gains is told with its interval (Student's, over seeds). An interrupted curve goes on.
    """
    from regard.bench import curve as bench
    from regard.cli.bench import numbers
    from regard.recipe import UserError

    if plot is not None and plot.suffix.lower() != ".png":
        raise UserError(f"{plot}: a picture is saved as .png; end the name in it")
    starts = [word.partition("=")[2] for word in words[1:] if word.startswith("start=")]
    changes = [word for word in words[1:] if not word.startswith("start=")]
    asked: dict[str, Any] = {
        "recipe": words[0], "labels": sorted({*numbers(labels)}), "seeds": seeds, "set": test,
        "device": device,
    }  # fmt: skip
    found = bench.run(asked, changes, starts, out, say.note)
    if plot is not None:
        draw(plot, found)
    if record is not None:
        recorded(record, name or f"curve/{Path(words[0]).stem}", found)
    if json:
        hidden = ("cells", "recipes")
        say.document({key: value for key, value in found.items() if key not in hidden})
    else:
        head, rows = bench.cells(found)
        say.table(head, rows, f"{found['metric']} on {test}, {seeds} seeds; {found['hardware']}")


def draw(plot: Path, found: dict[str, Any]) -> None:
    """The picture."""
    from regard.look.curve import curve as drawn
    from regard.look.figure import png
    from regard.run import whole

    with whole(plot) as aside:
        means = {Path(variant).name: row for variant, row in found["means"].items()}
        aside.write_bytes(png(drawn(means, found["metric"])))
    say.note(f"{plot}: {found['metric']} by labels")


def recorded(folder: Path, name: str, found: dict[str, Any]) -> None:
    """Every cell is a figure with its answers, as `NAME.VARIANT.LABELS`."""
    from regard import results
    from regard.cli.report import given
    from regard.evaluate.scores import Score

    for cell, made in found["cells"].items():
        recipe = found["recipes"][cell]
        data = results.of_data(recipe)
        stem = cell.stem.removesuffix(f".{cell.seed}")
        facts = {
            **{key: found[key] for key in ("commit", "hardware", "date")}, **data,
            "set": found["settings"]["set"], "seeds": [cell.seed], "wall_s": made["wall_s"],
            "command": results.hide(given(folder), recipe.data.dir), "train_rows": cell.labels,
            "start": None if recipe.start is None else Path(recipe.start).name,
            "train_s": made["wall_s"],
        }  # fmt: skip
        score = Score(made["name"], made["value"], made["signature"])
        results.record(folder, f"{name}.{stem}", score, made["answers"], facts)
    say.note(f"recorded as {name}.… in {folder}")
