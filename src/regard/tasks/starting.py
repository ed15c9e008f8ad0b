"""Starting from a model that was trained before: its tokenizer, its settings, its weights.

A recipe says `start: RUN`, the folder of a run or of an imported checkpoint. What is taken over is
kept in the new run, which needs the old one no more.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import Tokenizer
from regard.models.tuning.base import added
from regard.recipe import Recipe, UserError, kind_of
from regard.run import Run, whole
from regard.tasks.loading import ended, filled

TAKEN = ("dim", "embed", "encoder", "segments")  # settings of a reader
HEAD = ("activation", "eps")  # of a head for words
READER = "reader."


class Starting(Recipe):
    """A recipe whose encoder may begin with one that was trained before; `start`: that run."""

    start: str | None = None

    def settled(self, run: Run) -> Any:
        """With the reader's settings of the model that it starts from."""
        return settled(self, run)


def settled(recipe: Any, run: Run) -> Any:
    """The recipe with the reader's settings of the model that it starts from.

    Raises UserError if that model has no reader.
    """
    old = earlier(recipe, run, started)
    if old is None:
        return recipe
    both = [name for name in HEAD if hasattr(old.model, name) and hasattr(recipe.model, name)]
    settings = {name: getattr(old.model, name) for name in (*TAKEN, *both)}
    model = recipe.model.model_copy(update=settings)
    tokens = recipe.data.model_copy(update={"tokenizer": old.data.tokenizer})
    return recipe.model_copy(update={"model": model, "data": tokens})


def earlier(recipe: Any, run: Run, started: Callable[[str], Run]) -> Any:
    """The recipe whose settings a recipe takes over: of a run that was begun its own, else that of
    the run that it starts from; None if there is none.
    """
    if recipe.start is None:
        return None
    if not (run.folder / "recipe.yaml").exists():
        return started(recipe.start).recipe
    old: Any = run.recipe  # of something else: the run will say so
    return old if type(old) is type(recipe) and old.start == recipe.start else None


def started(start: str) -> Run:
    """The run to start from. Raises UserError if it is not whole, or has no reader."""
    run = Run(start)
    recipe: Any = run.recipe
    if not hasattr(getattr(recipe, "model", None), "segments"):
        raise UserError(f"start: {start} is a run of {kind_of(recipe)}, which has no reader alone")
    return ended(run)


def weights(first: Run) -> dict[str, Tensor]:
    """Those of a run to start from, as if nothing had been added to tune it."""
    found, recipe = load_file(first.model), first.recipe
    return recipe.tuning.plain(found) if hasattr(recipe, "tuning") else found


def tokens(
    recipe: Any, run: Run, texts: Callable[[], Iterable[str]], specials: Sequence[str] = ()
) -> Tokenizer:
    """The run's tokenizer; else that of the model it starts from; else one learnt of texts."""
    if run.tokenizer.exists():
        return tokenizer.load(run.tokenizer)
    if recipe.start is not None:
        return tokenizer.load(started(recipe.start).tokenizer)
    return recipe.data.tokenizer.train(texts(), specials)


def begin(model: nn.Module, recipe: Any, run: Run, also: tuple[str, ...] = ()) -> None:
    """Give the model the reader that it starts from; kept in the run at the first time.

    `also`: other parts, which are taken over where both models have them. A run may have all its
    first weights without (see `regard compress`). Raises UserError if they do not fit.
    """
    if recipe.start is None:
        if run.initial.exists():
            filled(model, run.initial)
        return
    if not run.initial.exists():
        found = weights(started(recipe.start))
        sizes = {name: value.shape for name, value in model.state_dict().items()}
        more = {k for k, v in found.items() if k.startswith(also) and sizes.get(k) == v.shape}
        taken = {k: v for k, v in found.items() if k.startswith(READER) or k in more}
        with whole(run.initial) as aside:
            save_file(taken, aside)
    fill(model, run.initial)


def fill(model: nn.Module, path: Path, part: str = READER) -> None:
    """The weights of a file, those of this part all of them, but for what tuning added.

    Raises UserError if one is missing, is none of the model's or has another shape.
    """
    found, kept = load_file(path), model.state_dict()
    named = (*model.named_parameters(), *model.named_buffers())  # a tied one once
    own = {name: value for name, value in named if name in kept}
    wanted = {name for name in own if name.startswith(part) and not added(name)}
    for name in sorted(wanted - found.keys()):
        raise UserError(f"{path}: has no {name}; it is of another kind of model")
    for name, value in found.items():
        if name not in own:
            raise UserError(f"{path}: has {name}; it is of another kind of model")
        if value.shape != own[name].shape:
            shapes = f"{tuple(value.shape)}, and the recipe's {tuple(own[name].shape)}"
            raise UserError(f"{path}: {name} is {shapes}")
    model.load_state_dict(found, strict=False)
