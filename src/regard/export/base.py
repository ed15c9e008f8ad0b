"""What every kind of export has in common: which recipes can have it, making one, finding it again.

A kind is a file of this folder that defines what `Kind` says. An export is a folder: what its kind
wrote, and parity.json. Those of a run lie in RUN/exports/.
"""

import json
import os
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import torch

from regard.data.parallel import Codec
from regard.export import parity
from regard.export.parity import Report, Sample
from regard.models.seq2seq import Seq2Seq
from regard.recipe import Recipe, UserError, kind_of, nearest
from regard.run import Run, whole_folder, write_json
from regard.tasks import translate
from regard.tasks.engine import Engine
from regard.tasks.translator import Translator

REPORT = "parity.json"
Wanted = Iterator[tuple[str, Any, tuple[Any, ...]]]  # path, what stands there, what would do


class Kind(Protocol):
    """What the file of a kind defines; a library it needs is imported only inside functions."""

    PRECISIONS: tuple[str, ...]  # the first is the default

    def refusal(self, recipe: translate.Config) -> str | None:
        """None, or in one sentence: what in the recipe stands in the way, what would do instead."""

    def write(
        self, model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
    ) -> None:
        """Fill an empty folder. Raises UserError if the library is missing."""

    def open(self, folder: Path, codec: Codec, threads: int) -> Engine:
        """The engine in a folder so filled. Raises UserError if the library is missing."""


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    here = Path(__file__).parent
    found = (m.name for m in pkgutil.iter_modules([str(here)]))
    return tuple(name for name in found if name not in ("base", "parity") and name[0] != "_")


def kind(name: str) -> Kind:
    """The kind of this name. Raises UserError with the nearest one if there is none."""
    if name not in kinds():
        raise UserError(f"no export to {name!r}; {nearest(name, kinds())}")
    return cast(Kind, import_module(f"regard.export.{name}"))


def exports(recipe: Recipe) -> dict[str, str | None]:
    """For each kind None (the recipe can have it), or what stands in the way."""
    if not isinstance(recipe, translate.Config):
        return dict.fromkeys(kinds(), f"task: {recipe.task} cannot be exported, only translate")
    return {name: refusal(name, recipe) for name in kinds()}


def refusal(name: str, recipe: translate.Config) -> str | None:
    """None, or in one sentence: what stands in the way of this kind of export."""
    if recipe.data.frame is not None:
        if name != "hf":
            return f"data.frame: {name} has no counterpart of it: use hf"
        if kind_of(recipe.tuning) in ("adapter", "gates"):
            return f"tuning: the family knows no part that {kind_of(recipe.tuning)} adds"
        return None
    if name not in ("native", "shortlist"):  # which run our own model
        if recipe.model.reader is not None:
            return f"model.reader: {name} knows no encoder before the encoder"
        if kind_of(recipe.tuning) in ("lora", "adapter"):
            return f"tuning: {name} knows no part that {kind_of(recipe.tuning)} adds"
    return kind(name).refusal(recipe)


def stack_wants(side: str, stack: Any) -> Wanted:
    """What an engine that is not ours asks of a Transformer's stack, kinds aside."""
    yield f"model.{side}.layers", stack.layers, (stack.layers or 1,)
    yield f"model.{side}.entry", stack.entry and kind_of(stack.entry), (None,)
    yield f"model.{side}.width", stack.width, (0,)


def model_wants(recipe: translate.Config) -> Wanted:
    """The same of attention, wherever it stands, and of tuning."""
    own, block = recipe.model.encoder.block, recipe.model.decoder.block
    yield "model.decoder.block.cross.heads", block.cross.heads, (block.mixer.heads,)
    for path, part in (
        ("encoder.block.mixer", own.mixer), ("decoder.block.mixer", block.mixer),
        ("decoder.block.cross", block.cross),
    ):  # fmt: skip
        yield f"model.{path}.left", part.left, ((),)
        yield f"model.{path}.width", part.width, (0,)
    yield "tuning", kind_of(recipe.tuning), ("full", "sparse")


def told(recipe: Recipe) -> str:
    """That in a line: `exports: onnx; not ctranslate2 (...)`."""
    found = exports(recipe)
    can = ", ".join(name for name, refused in found.items() if refused is None) or "none"
    cannot = [f"not {name} ({refused})" for name, refused in found.items() if refused is not None]
    return "; ".join([f"exports: {can}", *cannot])


# -- making one ------------------------------------------------------------------------------------


def export(
    of: Any,
    out: str | Path | None,
    to: str,
    precision: str | None = None,
    sample: Sample | None = None,
    tell: Callable[[str], object] = lambda text: None,
) -> Report:
    """Write an export of a run, or of what `regard.load` gave, then compare it with the run.

    The folder appears only complete, its report inside. Raises UserError: see `regard.export`.
    """
    made = kind(to)
    alone = apart(of)
    if alone is not None:
        from regard.export import _encoders

        folder = free(Path(out) if out else alone.folder / "exports" / f"{to}-float32")
        return _encoders.export(alone, folder, to, sample or Sample(), tell)  # type: ignore[return-value]
    run, translator = opened(of)
    precision = precision or made.PRECISIONS[0]
    if precision not in made.PRECISIONS:
        hint = nearest(precision, made.PRECISIONS)
        raise UserError(f"--precision: {to} has no {precision!r}; {hint}")
    recipe = cast(translate.Config, run.recipe)
    refused = refusal(to, recipe)
    if refused is not None:
        raise UserError(f"{run.folder}: no export to {to}: {refused}")
    folder = free(Path(out) if out else run.folder / "exports" / f"{to}-{precision}")
    lines = (sample or Sample()).lines(recipe, translator.codec)  # complain before the work
    with whole_folder(folder) as aside:
        tell(f"writing {to} {precision} …")
        made.write(translator.models[0], translator.codec, recipe, aside, precision)
        tell(f"comparing answers to {len(lines.rows)} sentences of {lines.name} …")
        engine = made.open(aside, translator.codec, torch.get_num_threads())
        facts = {"run": run.folder.name, "weights": run.fingerprint()}
        report = parity.compare(translator, engine, lines, (to, precision), facts)
        write_json(aside / REPORT, report.as_dict())
    return report


def apart(of: Any) -> Run | None:
    """The run, if it is one of something else than translation."""
    run = of if isinstance(of, Run) else Run(of) if isinstance(of, str | Path) else None
    return run if run is not None and not isinstance(run.recipe, translate.Config) else None


def opened(of: Any) -> tuple[Run, Translator]:
    """Run and translator of a folder, a Run, or what `regard.load` gave.

    Raises UserError for an ensemble.
    """
    if not hasattr(of, "translator"):
        run = of if isinstance(of, Run) else Run(of)
        return run, translate.load([run])
    if len(of.runs) != 1:
        raise UserError(f"export: takes one run, not an ensemble of {len(of.runs)}")
    return of.runs[0], of.translator


def free(folder: Path) -> Path:
    """The folder, in full. Raises UserError if something lies there that is no export."""
    whole = Path(os.path.abspath(folder))
    taken = whole.exists() and not (whole.is_dir() and (whole / REPORT).exists())
    if taken and not (whole.is_dir() and not any(whole.iterdir())):
        raise UserError(f"{folder}: is there already and no export: choose another --out")
    return whole


# -- finding it again ------------------------------------------------------------------------------


class Found(NamedTuple):
    """An export of a run, and what its report says."""

    folder: Path
    report: dict[str, Any]

    @property
    def gain(self) -> float:
        """How many times as fast as our own search it was."""
        return self.report["export"]["speed"] / self.report["own"]["speed"]

    @property
    def told(self) -> str:
        """Which it is, in a line."""
        name = f"{self.report['kind']} {self.report['precision']}"
        return f"engine: {name}, {self.gain:.1f} times as fast as own; {self.report['sentence']}"

    def open(self, codec: Codec) -> Engine:
        """It, on as many threads as we use. Raises UserError if its library is missing."""
        return kind(self.report["kind"]).open(self.folder, codec, torch.get_num_threads())


def found(run: Run) -> list[Found]:
    """The exports of a run, fastest first; folders without a report are none."""
    made = []
    for path in run.folder.glob(f"exports/*/{REPORT}"):
        try:
            one = Found(path.parent, json.loads(path.read_text("utf-8")))
            if one.told and one.report["kind"] in kinds() and one.report["facts"]["weights"]:
                made.append(one)
        except (ValueError, KeyError, TypeError, ZeroDivisionError):
            continue
    return sorted(made, key=lambda x: (-x.gain, x.folder.name))


class Choice(NamedTuple):
    """The engine to use (None: our own search), and what there is to say about it."""

    engine: Engine | None
    notes: list[str]


def choose(wanted: str, runs: Sequence[Run], translator: Translator) -> Choice:
    """The engine of this name for these runs: `own`, `auto`, a kind, or one export's folder.

    `auto`: the fastest export that is exact enough and of the run's very weights, where it is
    faster than our own search (all that on a CPU, so only there). Raises UserError if one asked for
    by name is not there, or of other weights.
    """
    alone = len(runs) == 1
    if wanted == "own" or (wanted == "auto" and not (alone and translator.device.type == "cpu")):
        return Choice(None, [])
    if not alone:
        raise UserError(f"engine: no {wanted} for an ensemble, only our own search: engine own")
    exports = found(runs[0])
    made = [x for x in exports if wanted in ("auto", x.report["kind"], x.folder.name)]
    if wanted != "auto" and not made:
        raise missing(wanted, runs[0])
    now = runs[0].fingerprint() if made else ""
    fresh = [x for x in made if x.report["facts"]["weights"] == now]
    old = [f"{x.folder}: is of other weights than the run's now; {again(x)}" for x in made
           if x not in fresh]  # fmt: skip
    if wanted == "auto":
        return fastest(fresh, old, translator.codec)
    if not fresh:
        raise UserError(old[0])
    best = next((x for x in fresh if x.report["exact_enough"]), fresh[0])
    return Choice(best.open(translator.codec), [*old, best.told])


def fastest(fresh: Sequence[Found], notes: list[str], codec: Codec) -> Choice:
    """The first that is exact enough and can be opened; what cannot is told."""
    for one in fresh:
        if one.report["exact_enough"] and one.gain > 1:
            try:
                return Choice(one.open(codec), [*notes, one.told])
            except UserError as error:
                notes = [*notes, f"{one.folder}: {error}"]
    return Choice(None, notes)


def missing(wanted: str, run: Run) -> UserError:
    """What to say of an engine that is not there."""
    name, _, precision = wanted.partition("-")
    if name not in kinds():
        return UserError(f"engine: no {wanted!r}; {nearest(wanted, ('own', 'auto', *kinds()))}")
    how = f" --precision {precision}" if precision else ""
    command = f"regard export {run.folder} --to {name}{how}"
    return UserError(f"{run.folder}: has no export to {wanted} yet; make it: {command}")


def again(one: Found) -> str:
    """How to make it anew."""
    kind, precision = one.report["kind"], one.report["precision"]
    return f"again: regard export {one.folder.parent.parent} --to {kind} --precision {precision}"
