"""Checkpoints: written aside, flushed, renamed; checked by hash when read; a damaged one is named and passed over.

A checkpoint is a folder of safetensors and JSON: weights, optimiser, generators, and where training stood.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard.recipe import UserError
from regard.run import flush

MANIFEST = "manifest.json"  # sha256 of every other file


def named(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter and kept buffer once, under its first name: what a weight file holds."""
    kept = set(model.state_dict(keep_vars=True))
    own = dict(model.named_parameters())
    return {**own, **{k: v for k, v in model.named_buffers() if k in kept}}


def restore(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy tensors into the model. Raises UserError if the names differ."""
    own = named(model)
    if own.keys() != tensors.keys():
        odd = sorted(own.keys() ^ tensors.keys())[0]
        raise UserError(f"weights: {odd} is on one side only; they are of another recipe")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(tensors[name])


def save(folder: Path, tensors: dict[str, dict[str, Tensor]], facts: dict[str, Any]) -> None:
    """Write `<name>.safetensors` for each dictionary and `facts.json`; the folder appears only complete.

    Raises UserError, with older checkpoints untouched, if the disk is full.
    """
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        for name, values in tensors.items():
            whole = {k: v.detach().contiguous().cpu() for k, v in values.items()}
            save_file(whole, aside / f"{name}.safetensors")
        (aside / "facts.json").write_text(json.dumps(facts), "utf-8")
        hashes = {f.name: digest(f) for f in sorted(aside.iterdir())}
        (aside / MANIFEST).write_text(json.dumps(hashes), "utf-8")
        for file in aside.iterdir():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
        flush(aside)
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(aside, folder)
        flush(folder.parent)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise UserError(f"{folder}: could not be written ({error.strerror}); free some room and go on") from None


def digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fault(folder: Path) -> str | None:
    """What is wrong with a checkpoint, or None if it is whole."""
    try:
        hashes = json.loads((folder / MANIFEST).read_text("utf-8"))
        for name, expected in hashes.items():
            if digest(folder / name) != expected:
                return f"{name} is not what was written"
    except (OSError, ValueError) as error:
        return f"{getattr(error, 'filename', None) or MANIFEST} cannot be read"
    return None if "facts.json" in hashes else "facts.json is missing"


def all_of(folder: Path) -> list[Path]:
    """Checkpoints, oldest first."""
    return sorted(f for f in folder.glob("step-*") if f.is_dir())


def newest(folder: Path, warn: Callable[[str], None]) -> Path | None:
    """The newest whole checkpoint; damaged ones are named to `warn` and removed from the way."""
    for checkpoint in reversed(all_of(folder)):
        wrong = fault(checkpoint)
        if wrong is None:
            return checkpoint
        warn(f"{checkpoint.name} is damaged ({wrong}): going on from the one before it")
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def read(folder: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """The tensors by file name, and the facts."""
    tensors = {f.stem: load_file(f) for f in folder.glob("*.safetensors")}
    return tensors, json.loads((folder / "facts.json").read_text("utf-8"))


def rotate(folder: Path, keep: int) -> None:
    """Remove all but the newest `keep`, and what a killed writer left."""
    for old in all_of(folder)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    for part in folder.glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)
