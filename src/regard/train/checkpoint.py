"""Checkpoints: written aside, flushed, renamed; checked by hash; a damaged one is passed over.

A folder of safetensors and JSON: weights, optimiser, generators, and where training stood.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard.recipe import UserError
from regard.run import whole_folder
from regard.train.distributed import fill

MANIFEST = "manifest.json"  # sha256 of every other file


def named(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter and kept buffer once, under its first name: what a weight file holds."""
    kept = set(model.state_dict(keep_vars=True))
    own = dict(model.named_parameters())
    return {**own, **{k: v for k, v in model.named_buffers() if k in kept}}


@torch.no_grad()
def restore(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy tensors into the model. Raises UserError if the names differ."""
    own = named(model)
    if own.keys() != tensors.keys():
        odd = sorted(own.keys() ^ tensors.keys())[0]
        raise UserError(f"weights: {odd} is on one side only; they are of another recipe")
    for name, value in own.items():
        fill(value, tensors[name])


def keep(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file. Raises OSError if it cannot be, as any other writing does."""
    try:
        save_file({k: v.detach().contiguous().cpu() for k, v in tensors.items()}, path)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        code = int(number[1])
        raise OSError(code, os.strerror(code), str(path)) from None


def save(folder: Path, tensors: dict[str, dict[str, Tensor]], facts: dict[str, Any]) -> None:
    """Write `<name>.safetensors` for each dictionary, and `facts.json`; all of it appears at once.

    Raises OSError, with older checkpoints untouched, if the disk is full.
    """
    with whole_folder(folder) as aside:
        for name, values in tensors.items():
            keep(aside / f"{name}.safetensors", values)
        (aside / "facts.json").write_text(json.dumps(facts), "utf-8")
        hashes = {f.name: digest(f) for f in sorted(aside.iterdir())}
        (aside / MANIFEST).write_text(json.dumps(hashes), "utf-8")


def digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fault(folder: Path) -> str | None:
    """What is wrong with a checkpoint, or None if it is whole."""
    try:
        hashes = dict(json.loads((folder / MANIFEST).read_text("utf-8")))
        for name, expected in hashes.items():
            if digest(folder / name) != expected:
                return f"{name} is not what was written"
    except (OSError, ValueError, TypeError) as error:
        return f"{Path(getattr(error, 'filename', None) or MANIFEST).name} cannot be read"
    return None if "facts.json" in hashes else "facts.json is missing"


def at(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"step-{step:09d}"


def steps(folder: Path) -> list[int]:
    """Steps that have a checkpoint, whole or not, oldest first."""
    found = (f for f in folder.glob("step-*") if f.name[5:].isdigit() and f.is_dir())
    return sorted(int(f.name[5:]) for f in found)


def newest(folder: Path, warn: Callable[[str], None]) -> int | None:
    """The step of the newest whole checkpoint; damaged ones are named to `warn` and removed."""
    found = steps(folder)
    while found:
        checkpoint = at(folder, found[-1])
        wrong = fault(checkpoint)
        if wrong is None:
            return found[-1]
        found.pop()
        then = f"going on from {at(folder, found[-1]).name}" if found else "training starts anew"
        warn(f"{checkpoint} is damaged ({wrong}): {then}")
        remove(checkpoint)
    return None


def read(folder: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """The tensors by file name, and the facts."""
    tensors = {f.stem: load_file(f) for f in folder.glob("*.safetensors")}
    return tensors, json.loads((folder / "facts.json").read_text("utf-8"))


def remove(checkpoint: Path) -> None:
    """Remove it at once: killed half-way, it must not look like a damaged one."""
    aside = checkpoint.with_name(f".{checkpoint.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    os.rename(checkpoint, aside)
    shutil.rmtree(aside, ignore_errors=True)


def rotate(folder: Path, keep: int, wanted: Collection[int]) -> None:
    """Remove all but the newest `keep` and the `wanted` steps, and what a killed writer left."""
    for step in steps(folder)[:-keep]:
        if step not in wanted:
            remove(at(folder, step))
    for part in folder.glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)
