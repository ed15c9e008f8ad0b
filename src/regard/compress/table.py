"""The curve: what every point is worth, how large it is and how fast, and which one to take.

A finished row is kept beside the points: an interrupted table goes on.
"""

import json
import shutil
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file

from regard.bench.alternate import Spread, orders, ratio
from regard.bench.rounds import here
from regard.compress import making, weights
from regard.compress.making import Say
from regard.compress.points import LEFT_OUT, Asked, Maker, Point, copied, planned
from regard.compress.ruler import Rows, Ruler, ruler, speed
from regard.evaluate.significance import paired_bootstrap
from regard.export import native
from regard.recipe import UserError
from regard.run import Run, whole_folder, write_json
from regard.tasks.loading import spread
from regard.tasks.translator import Translator
from regard.train import card

ORIGINAL, STUDENT, INT8 = "original", "student", "+int8"
WARM = 16  # rows answered before the clock runs


class How(NamedTuple):
    """How points are measured: so many dev `lines` (0: all), of which `timed` in each of `rounds`;
    `within`: how much may be lost; `test`: the split on which what is chosen is measured.
    """

    int8: bool = False
    student: str | None = None
    within: float = 0.5
    lines: int = 0
    timed: int = 200
    rounds: int = 4
    test: str = "test"
    decode: Any = None


class Table:
    """Rows of a curve, by the points' names."""

    def __init__(self, run: Run, folder: Path, asked: Asked, how: How, say: Say):
        self.folder, self.asked, self.how, self.say = folder, asked, how, say
        self.ruler: Ruler = ruler(run, asked.where, how.decode)
        if how.int8 and not hasattr(self.ruler, "decode"):
            raise UserError("--int8: is for translators; a classifier has no 8-bit form yet")
        self.original = copied(run, folder / ORIGINAL)
        self.maker = Maker(self.original, folder, asked, self.ruler, say)

    @cached_property
    def dev(self) -> Rows:
        """What every point answers."""
        return self.ruler.rows("dev", self.how.lines)

    def rows(self) -> list[dict[str, Any]]:
        """One for each point, the original first; a point that cannot be made says why."""
        found = []
        for point in [Point(ORIGINAL, ORIGINAL, 0), *planned(self.asked), *self.students()]:
            try:
                run = self.run(point)
                found.append(self.row(point, run, "float32"))
                if self.how.int8 and point.kind != "weights":
                    found.append(self.row(named8(point), run, "int8"))
            except UserError as error:
                if point.name == ORIGINAL:
                    raise
                found.append({"name": point.name, "kind": point.kind, "failed": str(error)})
                self.say(f"{point.name}: {error}")
        return found

    def students(self) -> list[Point]:
        """The run that learnt of this one's answers, if one is named."""
        return [] if self.how.student is None else [Point(STUDENT, STUDENT, 0)]

    def run(self, point: Point) -> Run:
        """Its folder, made or found."""
        if point.name == ORIGINAL:
            return self.original
        return Run(str(self.how.student)) if point.name == STUDENT else self.maker.made(point)

    def row(self, point: Point, run: Run, precision: str) -> dict[str, Any]:
        """A row, read again if the same commit made it from the same weights in the same way."""
        file = self.folder / "rows" / f"{point.name}.json"
        how = {k: str(v) for k, v in self.how._asdict().items() if k not in ("within", "test")}
        made_from = {
            **how, **here(), "date": None, "weights": run.fingerprint(), "precision": precision,
            "original": self.original.fingerprint(), "threads": torch.get_num_threads(),
        }  # fmt: skip
        if file.exists() and (kept := json.loads(file.read_text("utf-8")))["from"] == made_from:
            return kept["row"]
        row = self.measured(point, run, precision)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, {"from": made_from, "row": row})
        self.say(f"{point.name}: {row['metric']} {row['score']:.2f}, {row['file_bytes']:,} bytes")
        return row

    def measured(self, point: Point, run: Run, precision: str) -> dict[str, Any]:
        """A row of the table."""
        began = time.monotonic()
        used = self.opened(run, precision, point.name)
        outputs = self.ruler.answers(used, self.dev.asked)
        score = self.ruler.measure.score(outputs, self.dev.references)
        row = {
            "name": point.name, "kind": point.kind, "amount": point.amount, "run": str(run.folder),
            "precision": precision, "metric": score.name, "score": score.value,
            "signature": score.signature, **self.sizes(used, run, point, precision),
            "outputs": outputs, "lines": len(outputs),
        }  # fmt: skip
        if point.name != ORIGINAL:
            row["verdict"] = self.against(outputs, point.name)
            base = self.opened(self.original, "float32", ORIGINAL)
            row |= self.speeds({ORIGINAL: base, point.name: used})
        return {**row, "wall_s": round(time.monotonic() - began, 1)}

    def against(self, outputs: Sequence[str], name: str) -> dict[str, Any]:
        """Beside the original's answers on dev."""
        own = json.loads((self.folder / "rows" / f"{ORIGINAL}.json").read_text("utf-8"))["row"]
        names = ("the original", name)
        found = paired_bootstrap(
            own["outputs"], outputs, self.dev.references, self.ruler.measure, names=names
        )
        return found.as_dict()

    def opened(self, run: Run, precision: str, name: str) -> Any:
        """What answers; a translator through our own engine, in either precision."""
        used = self.ruler.opened(run)
        if isinstance(used, Translator):
            folder = self.engine(name, precision)
            with whole_folder(folder) as aside:
                recipe: Any = run.recipe
                native.write(used.models[0], used.codec, recipe, aside, precision)
            used.engine = native.open(folder, used.codec, torch.get_num_threads())
        return used

    def engine(self, name: str, precision: str) -> Path:
        """Where a point's engine lies."""
        return self.folder / "engines" / f"{name.removesuffix(INT8)}-{precision}"

    def sizes(self, used: Any, run: Run, point: Point, precision: str) -> dict[str, Any]:
        """Bytes of the linear maps, of the file, and of the file after zip; parameters."""
        model = used.models[0] if isinstance(used, Translator) else used.model
        file = run.model
        if precision == "int8":
            file = (
                self.folder / "engines" / f"{point.name.removesuffix(INT8)}-int8" / run.model.name
            )
        names, tensors = weights.linear(model), load_file(file)
        count = weights.sparse if point.kind == "weights" else weights.dense
        return {
            "linear_bytes": count(tensors, names), "file_bytes": file.stat().st_size,
            "zip_bytes": weights.zipped(file),
            "parameters": sum(p.numel() for p in model.parameters()),
        }  # fmt: skip

    def speeds(self, systems: dict[str, Any]) -> dict[str, Any]:
        """Rows a second of each, in turns, and how many times as fast as the original."""
        timed, turns = spread(self.dev.asked, self.how.timed), []
        for used in systems.values():
            speed(self.ruler, used, timed[:WARM])
        for order in orders(list(systems), self.how.rounds, 1):
            turns.append({name: speed(self.ruler, systems[name], timed) for name in order})
        other = next(name for name in systems if name != ORIGINAL)
        return {
            "rows_per_s": Spread.of([turn[other] for turn in turns]),
            "original_rows_per_s": Spread.of([turn[ORIGINAL] for turn in turns]),
            "ratio": ratio(turns, other, ORIGINAL),
        }

    def tested(self, row: dict[str, Any]) -> dict[str, Any]:
        """The chosen point beside the original on the test set."""
        asked, references = self.ruler.rows(self.how.test, 0)
        runs = (
            (self.original, "float32", ORIGINAL),
            (Run(row["run"]), row["precision"], row["name"]),
        )
        own, outputs = (self.ruler.answers(self.opened(*run), asked) for run in runs)
        names = ("the original", row["name"])
        verdict = paired_bootstrap(own, outputs, references, self.ruler.measure, names=names)
        score = self.ruler.measure.score(outputs, references)
        return {
            "set": self.how.test, "lines": len(references), "verdict": verdict.as_dict(),
            "metric": score.name, "score": score.value, "signature": score.signature,
            "outputs": outputs,
        }  # fmt: skip


def named8(point: Point) -> Point:
    """The point in 8 bits."""
    return Point(f"{point.name}{INT8}", point.kind, point.amount)


def chosen(rows: Sequence[dict[str, Any]], within: float) -> dict[str, Any] | None:
    """The smallest file that loses no more than that; None if it is the original's."""
    able = [r for r in rows if "verdict" in r and -r["verdict"]["difference"] <= within]
    smaller = [r for r in able if r["file_bytes"] < rows[0]["file_bytes"]]
    return min(smaller, key=lambda r: (r["file_bytes"], r["name"]), default=None)


def curve(run: Run, out: Path, asked: Asked, how: How, say: Say) -> dict[str, Any]:
    """Make and measure all points, and write the one to take into `out`.

    Raises UserError if the run, its data or `out` is not as it should be.
    """
    began, points = time.monotonic(), making.place(out)
    table = Table(run, points, asked, how, say)
    rows = table.rows()
    best = chosen(rows, how.within)
    found = {
        "run": str(run.folder), "out": str(out), "points": str(points), "within": how.within,
        "rows": rows, "chosen": best and best["name"], "test": best and table.tested(best),
        "timed": min(how.timed or len(table.dev.asked), len(table.dev.asked)),
        "threads": torch.get_num_threads(), **here(),
    }  # fmt: skip
    if best is not None:
        written(best, out, {k: best[k] for k in ("name", "score", "verdict", "file_bytes")}, asked)
    return {**found, "wall_s": round(time.monotonic() - began, 1)}


def written(row: dict[str, Any], out: Path, about: dict[str, Any], asked: Asked) -> None:
    """The point's run at `out`; of one in 8 bits with the export that answers so."""
    with whole_folder(out) as aside:
        shutil.copytree(row["run"], aside, ignore=LEFT_OUT, dirs_exist_ok=True)
        run = Run(aside)
        run.initial.unlink(missing_ok=True)
        run.note(compressed={**(run.info().get("compressed") or {}), **about})
    card.write(Run(out))
    if row["precision"] == "int8":
        from regard.export.base import export
        from regard.export.parity import Sample

        export(Run(out), None, "native", "int8", Sample(where=asked.where))
