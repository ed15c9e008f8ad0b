"""`regard bench pairs`: runs on a set of pairs, beside measures of overlap."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.bench_pretrain import app
from regard.cli.common import Device, Json

if TYPE_CHECKING:
    from regard.evaluate.pairs import Interval


@app.command(short_help="runs on a set of pairs, beside measures of overlap.")
def pairs(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN…]", help="Runs.")] = None,
    data: Annotated[
        str, typer.Option(metavar="DIR", help="A set that `regard data pairs` made.")
    ] = "",
    test: Annotated[str, typer.Option("--set", help="The split that is answered.")] = "test",
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Accuracy and AUC of TF-IDF, token-set Jaccard, token edit distance, and of runs beside them.

    \b
    regard bench pairs --data pairs
    regard bench pairs runs/code_cross runs/code_cross_flow --data pairs

    Thresholds are the best on dev. Intervals (95 %) draw problems anew; GAIN is over the best of
    the three, FIRST over the first run. The programs renamed and laid out anew are answered too.
    """
    from regard.api import load
    from regard.recipe import UserError
    from regard.run import Run
    from regard.tasks import pair_test

    used: dict[str, Any] = {}
    for run in runs or []:
        recipe: Any = Run(run).recipe
        if recipe.verb not in ("pairs", "classify") or len(recipe.data.text) != 2:
            raise UserError(f"{run}: a run of {recipe.task} on {recipe.data!r:.40} tells no pairs")
        used[run.name] = load(run, device=device)
    if not data:
        raise UserError("--data: name the set, a folder that `regard data pairs` made")
    found = pair_test.compare(pair_test.settings(data), used, test)
    if json:
        say.document([one.as_dict() for one in found])
        return
    kinds = sorted({kind for one in found for kind in one.kinds})
    rows = [
        (one.system, one.split, told(one.accuracy), one.auc,
         *(one.kinds.get(kind) for kind in kinds), told(one.gain), told(one.over_first))
        for one in found
    ]  # fmt: skip
    say.table(["system", "set", "accuracy", "AUC", *kinds, "gain", "first"], rows)


def told(found: "Interval | None") -> str:
    """A figure and its bounds."""
    return "–" if found is None else f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]"
