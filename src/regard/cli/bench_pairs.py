"""`regard bench pairs`: runs on a set of pairs, beside measures of overlap."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regard.cli import say
from regard.cli.bench import Record
from regard.cli.bench_pretrain import app
from regard.cli.common import Device, Json

if TYPE_CHECKING:
    from regard.evaluate.pairs import Interval
    from regard.tasks.pair_test import Tried


@app.command(short_help="runs on a set of pairs, beside measures of overlap.")
def pairs(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN…]", help="Runs.")] = None,
    data: Annotated[
        str, typer.Option(metavar="DIR", help="A set that `regard data pairs` made.")
    ] = "",
    test: Annotated[str, typer.Option("--set", help="The split that is answered.")] = "test",
    record: Record = None,
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
    if record is not None:
        keep(record, found, data, {run.name: Run(run) for run in runs or []})
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


def keep(folder: Path, found: "list[Tried]", data: str, runs: dict[str, Any]) -> None:
    """A row for each system and table, its answers beside."""
    from regard import recipe as recipes
    from regard import results
    from regard.cli import judged
    from regard.cli.report import given

    rows = {"corpus": {"kind": "jsonl", "breaks": True}, "dir": data, "label": "same",
            "text": ["code_a", "code_b"]}  # fmt: skip
    known = results.of_data(recipes.make({"task": "classify", "data": rows}))
    known["command"] = results.hide(given(folder), data)
    for one in found:
        told = {"auc": round(one.auc, 2), "kinds": one.kinds, **spread(one)}
        of = results.of_run(runs[one.system]) if one.system in runs else {"seeds": []}
        facts = {**of, **known, "set": one.split, "wall_s": round(max(one.seconds, 0.01), 2)}
        judged.keep(folder, f"pairs/{one.system.lower()}", one.judged, {**facts, **told})


def spread(one: "Tried") -> dict[str, list[float]]:
    """Its intervals: lowest, value, highest."""
    known = {"interval": one.accuracy, "gain": one.gain, "over_first": one.over_first}
    return {k: [round(x, 2) for x in (i.low, i.value, i.high)] for k, i in known.items() if i}
