"""What tasks share when they begin or are used: weights of a file, some rows of many."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from regard.recipe import Fault, UserError
from regard.run import Run

M = TypeVar("M", bound=nn.Module)
R = TypeVar("R")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """What is drawn within depends on the seed alone, and who draws outside notices nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def spread(rows: Sequence[R], most: int) -> list[R]:
    """At most so many rows, evenly taken from all (0: all)."""
    if not most or len(rows) <= most:
        return list(rows)
    return [rows[i * len(rows) // most] for i in range(most)]


def weighted(model: M, run: Run) -> M:
    """The model with the run's weights. Raises UserError if there are none, or of another model."""
    filled(model, ended(run).model)
    return model


def ended(run: Run) -> Run:
    """The run, if its training has. Raises UserError otherwise."""
    if not run.model.exists():
        raise UserError(f"{run.folder}: no model.safetensors yet: its training has not ended")
    return run


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


def sureness(run: Run, checked: Callable[[Any], R]) -> R | None:
    """What confidence.json says of a run; None if it has none, or one of other weights than now.

    `checked` reads it and raises Fault for what is not as this version writes it. Raises UserError
    if the file is damaged, or of a newer version.
    """
    path = run.confidence
    if not path.exists():
        return None
    try:
        made: Any = checked(json.loads(path.read_text("utf-8")))
    except ValueError as error:  # no JSON, no UTF-8, or a Fault
        again = "delete it and make it again: regard calibrate"
        raise UserError(f"{path}: {error}; {again} {run.folder}") from None
    return made if made.weights == run.fingerprint() else None


def versioned(found: Any, newest: int) -> Any:
    """What a file holds, if this version knows its format. Raises Fault otherwise."""
    version = found.get("format") if isinstance(found, dict) else newest
    if version != newest:
        raise Fault("format", f"{version!r} is not known, only {newest}")
    return found
