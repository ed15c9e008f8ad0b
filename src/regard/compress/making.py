"""A smaller run's folder: made of a run's recipe, tokenizers and weights, then perhaps tuned."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard import recipe as recipes
from regard.compress.heads import Settings, Weights
from regard.compress.places import stacks
from regard.compress.weights import thinned
from regard.recipe import UserError
from regard.run import Run, whole_folder
from regard.train import card
from regard.train import verb as train
from regard.train.checkpoint import named

LR = 3e-4  # falling to a tenth
SAME = 1e-4  # of the largest number
Say = Callable[[str], None]


class Made(NamedTuple):
    """What a smaller run is begun with, and how: `steps` of tuning (0: none), changes to it."""

    settings: Settings
    weights: Weights
    steps: int
    changes: Sequence[str]


def settings_of(recipe: Any, where: str | None) -> Settings:
    """The recipe as plain data, its corpus found where it lies now, nothing to start from."""
    settings = recipe.model_dump(mode="json")
    if where is not None:
        settings["data"]["dir"] = where
    if "start" in settings:
        settings["start"] = None  # its settings are here, its weights in those of the run
    return settings


def tuned(settings: Settings, steps: int, changes: Sequence[str]) -> Settings:
    """With a short schedule; dev is looked at once, at the end."""
    settings = {**settings, "train": {**settings["train"]}}
    settings["train"] |= {"steps": steps, "every": steps, "patience": 0, "average": 1, "ema": 0}
    settings["train"]["optim"] = {
        **settings["train"]["optim"], "lr": LR, "schedule": "linear", "floor": 0.1,
        "warmup": min(20, steps // 10),
    }  # fmt: skip
    return recipes.override(settings, changes)


def begun(new: Run, about: dict[str, Any]) -> bool:
    """Is the folder there, made of all this? Raises UserError if it holds anything else."""
    if not (new.folder / "run.json").exists():
        return False
    if new.info().get("compressed") != about:
        raise UserError(f"{new.folder}: was made of something else: remove it, or choose --out")
    return True


def begin(old: Run, new: Run, made: Made, about: dict[str, Any]) -> None:
    """Make the folder of a smaller run; if it is not to be tuned, all of it."""
    settings = tuned(made.settings, made.steps, made.changes) if made.steps else made.settings
    recipe = recipes.make(settings, "compress")
    with whole_folder(new.folder) as aside:
        run = Run(aside)
        run.create(recipe)
        run.note(compressed=about)
        shutil.copytree(old.tokenizer, aside / new.tokenizer.name)
        save_file(made.weights, run.initial if made.steps else run.model)
        if not made.steps:
            count = sum(value.numel() for value in made.weights.values())
            run.note(parameters=count, weights=f"cut from {old.folder.name}", stopped="cutting")
            card.write(run)


def trained(new: Run, say: Say) -> Run:
    """The run with its weights; training that was interrupted goes on."""
    if not new.model.exists():
        recipe: Any = new.recipe
        say(f"{new.folder.name}: {recipe.train.steps} updates")
        train(new.folder / "recipe.yaml", out=new.folder, device="cpu", quiet=True)
    return new


def rebuilt(task: Any, settings: Settings, kept: Weights) -> nn.Module:
    """The model of another recipe for the same task, with these weights.

    Raises UserError if they are not of one another.
    """
    recipe: Any = recipes.make(settings, "compress")
    codec = getattr(task, "codec", None)
    model = recipe.build(codec) if codec else recipe.build(task.tokenizer.size, task.labels)
    own = named(model)
    odd = [n for n in own.keys() | kept.keys()
           if n not in own or n not in kept or own[n].shape != kept[n].shape]  # fmt: skip
    if odd:
        raise UserError(f"{min(odd)}: does not fit any more, so this model cannot be cut so")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(kept[name])
    return model.eval()


def agree(task: Any, one: nn.Module, other: nn.Module, rows: Any) -> None:
    """Raises UserError if two models' stacks do not come to the same, as they should."""
    for a, b in zip(*(found(task, model, rows) for model in (one, other)), strict=True):
        apart = float((a - b).abs().max() / a.abs().max())
        if not apart <= SAME:
            raise UserError(
                "what is left does not come to what the whole does with the rest switched off "
                f"({apart:.1%} apart): heads or layers are not alike here, so none can be cut out"
            )


@torch.no_grad()
def found(task: Any, model: nn.Module, rows: Any) -> list[Tensor]:
    """What every stack of a model, any one for the task, makes of some rows."""
    seen: list[Tensor] = []
    hooks = [stack.register_forward_hook(lambda *args: seen.append(args[2][0]))
             for _, _, stack in stacks(model)]  # fmt: skip
    own, task.model = task.model, model.eval()
    try:
        task.loss(task.batch(rows, 0))
    finally:
        task.model = own
        for hook in hooks:
            hook.remove()
    return seen


def weights(run: Run) -> Weights:
    """What the run has learnt. Raises UserError if its training has not ended."""
    if not run.model.exists():
        raise UserError(f"{run.folder}: no model.safetensors yet: training has not ended")
    return load_file(run.model)


def thin(settings: Settings, kept: Weights, names: list[str], share: float) -> tuple[Any, Weights]:
    """Recipe and weights with that share of the linear maps 0, and staying so."""
    return {**settings, "tuning": {"kind": "sparse"}}, thinned(kept, names, share)


def place(out: Path) -> Path:
    """Where the points of a curve lie. Raises UserError if `out` holds what is not to be lost."""
    run = Run(out)
    taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if taken and not ((out / "run.json").exists() and "compressed" in run.info()):
        raise UserError(f"{out}: is there already, and no compressed run: choose another --out")
    return out.with_name(f"{out.name}_points")
