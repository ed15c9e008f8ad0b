"""What tasks share when they begin or are used: weights of a file, some rows of many."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from regard.recipe import UserError
from regard.run import Run

M = TypeVar("M", bound=nn.Module)
R = TypeVar("R")


def spread(rows: Sequence[R], most: int) -> list[R]:
    """At most so many rows, evenly taken from all (0: all)."""
    if not most or len(rows) <= most:
        return list(rows)
    return [rows[i * len(rows) // most] for i in range(most)]


def weighted(model: M, run: Run) -> M:
    """The model with the run's weights. Raises UserError if there are none, or of another model."""
    if not run.model.exists():
        raise UserError(f"{run.folder}: no model.safetensors yet: training has not ended")
    filled(model, run.model)
    return model


def filled(model: nn.Module, path: Path) -> None:
    """Give the model the weights of a file. Raises UserError if they are of another model."""
    try:
        wrong = model.load_state_dict(load_file(path, device="cpu"), strict=False)
    except (RuntimeError, OSError, SafetensorError) as error:
        said = str(error).split("\n")[-1].strip()
        raise UserError(f"{path}: damaged, or of another recipe ({said})") from None
    own = {name for name, _ in (*model.named_parameters(), *model.named_buffers())}
    odd = [*(name for name in wrong.missing_keys if name in own), *wrong.unexpected_keys]
    if odd:  # a tied weight is in the file once, under its first name
        raise UserError(f"{path}: {odd[0]} is on one side only; it is of another recipe")
