"""Starting from a model that was trained before: its tokenizer, its settings, its weights.

A recipe says `start: RUN`, the folder of a run or of an imported checkpoint. What is taken over is
kept in the new run, which needs the old one no more.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import nn

from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import Tokenizer
from regard.recipe import UserError, kind_of
from regard.run import Run, whole

TAKEN = ("dim", "embed", "encoder", "segments")  # settings of a reader
READER = "reader."


def settled(recipe: Any, run: Run) -> Any:
    """The recipe with the reader's settings of the model that it starts from.

    Of a run that was begun they are its own. Raises UserError if that model has no reader.
    """
    if recipe.start is None:
        return recipe
    if (run.folder / "recipe.yaml").exists():
        old: Any = run.recipe
        if type(old) is not type(recipe) or old.start != recipe.start:
            return recipe  # of something else: the run will say so
    else:
        old = started(recipe.start).recipe
    settings = {name: getattr(old.model, name) for name in TAKEN}
    model = recipe.model.model_copy(update=settings)
    tokens = recipe.data.model_copy(update={"tokenizer": old.data.tokenizer})
    return recipe.model_copy(update={"model": model, "data": tokens})


def started(start: str) -> Run:
    """The run to start from. Raises UserError if it is not whole, or has no reader."""
    run = Run(start)
    recipe: Any = run.recipe
    if not hasattr(getattr(recipe, "model", None), "segments"):
        raise UserError(f"start: {start} is a run of {kind_of(recipe)}, which has no reader alone")
    if not run.model.exists():
        raise UserError(f"start: {start} has no model.safetensors yet: its training has not ended")
    return run


def tokens(
    recipe: Any, run: Run, texts: Callable[[], Iterable[str]], specials: Sequence[str] = ()
) -> Tokenizer:
    """The run's tokenizer; else that of the model it starts from; else one learnt of texts."""
    if run.tokenizer.exists():
        return tokenizer.load(run.tokenizer)
    if recipe.start is not None:
        return tokenizer.load(started(recipe.start).tokenizer)
    return recipe.data.tokenizer.train(texts(), specials)


def begin(model: nn.Module, recipe: Any, run: Run) -> None:
    """Give the model the reader that it starts from; kept in the run at the first time.

    Raises UserError if its weights do not fit.
    """
    if recipe.start is None:
        return
    if not run.initial.exists():
        found = load_file(started(recipe.start).model)
        with whole(run.initial) as aside:
            save_file({k: v for k, v in found.items() if k.startswith(READER)}, aside)
    fill(model, run.initial)


def fill(model: nn.Module, path: Path) -> None:
    """The reader's weights of a file. Raises UserError if one is missing or has another shape."""
    found, own = load_file(path), dict(model.state_dict())
    wanted = [name for name in own if name.startswith(READER)]
    for name in wanted:
        if name not in found:
            raise UserError(f"{path}: has no {name}; it is of another kind of model")
        if found[name].shape != own[name].shape:
            shapes = f"{tuple(found[name].shape)}, and the recipe's {tuple(own[name].shape)}"
            raise UserError(f"{path}: {name} is {shapes}")
    model.load_state_dict({**own, **{name: found[name] for name in wanted}})
