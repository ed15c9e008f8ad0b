"""The smaller runs of a curve, each made when it is asked for."""

import shutil
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from regard import recipe as recipes
from regard.compress import heads, layers, making
from regard.compress.heads import Settings, Weights
from regard.compress.making import Made, Say
from regard.compress.places import Place, places, plain
from regard.compress.ruler import Ruler
from regard.compress.weights import linear
from regard.recipe import UserError
from regard.run import Run, whole_folder
from regard.tasks.attending import label
from regard.tasks.heads import twin
from regard.tasks.loading import filled, spread
from regard.train.checkpoint import named

LEFT_OUT = shutil.ignore_patterns("checkpoints", "tensorboard", "exports", "encoded", ".*")
SAMPLE = 24  # batches by which the importance of heads is judged


class Asked(NamedTuple):
    """Which points, and how they come about.

    `heads` and `weights`: shares of all; `layers`: how many; `of`: the encoder, the decoder, cross
    or all; `by`: importance or gates, which are trained for `gating` updates and cost `penalty`.
    `tune`: updates that mend a smaller run, `changes` its recipe; `where` the corpus lies now.
    """

    heads: tuple[float, ...] = ()
    layers: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    of: str = "encoder"
    by: str = "importance"
    gating: int = 500
    penalty: float = 0.02
    tune: int = 300
    changes: tuple[str, ...] = ()
    where: str | None = None


class Point(NamedTuple):
    """A name on the curve, what was done, and how much of it."""

    name: str
    kind: str
    amount: float


def planned(asked: Asked) -> list[Point]:
    """All points of a curve but the original."""
    found = [Point(f"heads-{100 * x:.0f}", "heads", x) for x in asked.heads]
    found += [Point(f"layers-{x}", "layers", x) for x in asked.layers]
    return found + [Point(f"weights-{100 * x:.0f}", "weights", x) for x in asked.weights]


def copied(run: Run, folder: Path) -> Run:
    """The run itself, beside the others, so that its own folder is only read."""
    making.weights(run)  # complain before the work
    new = Run(folder)
    if new.folder.exists() and new.fingerprint() != run.fingerprint():
        raise UserError(f"{folder}: holds points of another run: remove it, or choose --out")
    if not new.folder.exists():
        with whole_folder(folder) as aside:
            shutil.copytree(run.folder, aside, ignore=LEFT_OUT, dirs_exist_ok=True)
    return new


class Maker:
    """Makes the points of a run, in folders beside one another."""

    def __init__(self, old: Run, folder: Path, asked: Asked, ruler: Ruler, say: Say):
        self.old, self.folder, self.asked, self.ruler, self.say = old, folder, asked, ruler, say
        self.settings = making.settings_of(old.recipe, asked.where)
        self.kept = making.weights(old)

    @cached_property
    def task(self) -> Any:
        """The run's task with the weights it has learnt, its loss plain likelihood."""
        recipe: Any = self.old.recipe
        settings = recipe.model_dump(mode="json")
        settings["data"] = self.settings["data"]
        settings |= {"objective": {"kind": "likelihood"}} if "objective" in settings else {}
        self.say(f"reading the corpus of {self.old.folder.name}")
        task = recipes.make(settings, "compress").begin(self.old)  # type: ignore[attr-defined]
        filled(task.model, self.old.model)
        task.model.eval()
        return task

    @cached_property
    def batches(self) -> list[np.ndarray]:
        """Some of the training rows."""
        budget = self.old.recipe.train.batch_tokens  # type: ignore[attr-defined]
        return spread(self.task.batches(budget, 0), SAMPLE)

    def made(self, point: Point) -> Run:
        """The run of a point, made or found."""
        new, about = Run(self.folder / point.name), self.about(point)
        if not making.begun(new, about):
            settings, kept = getattr(self, point.kind)(point.amount)
            made = Made(settings, kept, self.asked.tune, self.asked.changes)
            making.begin(self.old, new, made, about)
        return making.trained(new, self.say)

    def about(self, point: Point) -> dict[str, Any]:
        """What tells this point from any other."""
        asked, gates = self.asked, self.asked.by == "gates" and point.kind in ("heads", "gates")
        how: dict[str, Any] = {"by": asked.by} if point.kind == "heads" else {}
        how |= {"gating": asked.gating, "penalty": asked.penalty} if gates else {}
        if point.kind != "gates":
            how |= {"tune": asked.tune, "changes": list(asked.changes)}
        about = {"from": self.old.fingerprint(), "kind": point.kind, "amount": point.amount}
        return {**about, "of": asked.of, **how}

    # -- what is taken out -------------------------------------------------------------------------

    def heads(self, share: float) -> tuple[Settings, Weights]:
        """Recipe and weights without that share of the heads."""
        plain(self.settings, self.asked.of)
        scores, kept = self.scores
        gone = heads.least(scores, share)
        settings, left = heads.cut(self.task.model, self.places, gone, self.settings, kept)
        whole = self.loaded(kept)
        self.agree(heads.silenced(whole, gone), settings, left)
        self.say(f"heads: {', '.join(f'{name} {head}' for name, head in sorted(gone))} are cut out")
        return settings, left

    def layers(self, count: float) -> tuple[Settings, Weights]:
        """Recipe and weights without so many layers, those that are missed least."""
        plain(self.settings, self.asked.of)
        model, of = self.task.model, self.asked.of
        gone = layers.missed_least(model, of, int(count), lambda m: self.ruler.loss(self.task, m))
        settings, left = layers.dropped(gone, self.settings, self.kept)
        self.agree(layers.without(model, gone), settings, left)
        self.say(f"layers: {', '.join(f'{side} {i}' for side, i in gone)} are dropped")
        return settings, left

    def weights(self, share: float) -> tuple[Settings, Weights]:
        """Recipe and weights with that share of the linear maps 0."""
        return making.thin(self.settings, self.kept, linear(self.task.model), share)

    def agree(self, whole: nn.Module, settings: Settings, left: Weights) -> None:
        """Raises UserError unless what is left answers as the whole with the rest switched off."""
        rebuilt = making.rebuilt(self.task, settings, left)
        making.agree(self.task, whole, rebuilt, self.batches[0])

    def loaded(self, kept: Weights) -> nn.Module:
        """The whole model, with these weights."""
        return making.rebuilt(self.task, self.settings, kept)

    # -- which heads -------------------------------------------------------------------------------

    @cached_property
    def places(self) -> list[Place]:
        """Attentions whose heads may go."""
        return places(self.task.model, self.asked.of)

    @cached_property
    def scores(self) -> tuple[dict[str, Any], Weights]:
        """What each head is worth, and the weights to cut them out of."""
        if self.asked.by == "importance":
            return heads.importance(self.task, self.places, self.batches), self.kept
        return self.by_gates()

    def by_gates(self) -> tuple[dict[str, Any], Weights]:
        """How far each gate is open after some training, and the weights that grew used to it."""
        if self.asked.of not in ("encoder", "decoder"):
            raise UserError(
                f"--by gates: learns of the encoder or the decoder, not {self.asked.of}"
            )
        tuning = {"kind": "gates", "penalty": self.asked.penalty, "side": self.asked.of}
        settings = {**self.settings, "tuning": tuning}
        new = Run(self.folder / "gates")
        about = self.about(Point("gates", "gates", 0))
        if not making.begun(new, about):
            made = Made(settings, self.gated(settings), self.asked.gating, ())
            making.begin(self.old, new, made, about)
        making.trained(new, self.say)
        recipe, learnt = making.settings_of(new.recipe, None), making.weights(new)
        model = making.rebuilt(self.task, recipe, learnt)
        scores = {label(path): value for path, value in heads.openness(model).items()}
        plain = {ungated(name): value for name, value in learnt.items() if not is_gate(name)}
        return scores, plain

    def gated(self, settings: Settings) -> Weights:
        """The run's weights behind open gates."""
        recipe: Any = recipes.make(settings, "compress")
        model = twin(self.task.model)
        recipe.tuning.apply(model, "encoder")
        return {
            name: value.detach() if is_gate(name) else self.kept[ungated(name)]
            for name, value in named(model).items()
        }


def is_gate(name: str) -> bool:
    """Is this the gates of an attention?"""
    return name.endswith(".core.gate")


def ungated(name: str) -> str:
    """What a weight is called where there are no gates."""
    return name.replace(".core.of.", ".core.")
