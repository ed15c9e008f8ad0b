"""A model without some of its layers, and which of them it misses least."""

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from torch import nn

from regard.compress.heads import Settings, Weights
from regard.compress.places import stacks
from regard.recipe import UserError
from regard.tasks.heads import twin

Layer = tuple[str, int]  # side, number


def layers(model: nn.Module, of: str) -> list[Layer]:
    """The layers of the encoder, the decoder or (all) both. Raises UserError if there are none."""
    found = [
        (side, i)
        for _, side, stack in stacks(model)
        if of in ("all", side)
        for i in range(len(stack.blocks))
    ]
    if not found:
        raise UserError(f"layers: {of!r} has no stack of blocks of which some could go")
    return found


def without(model: Any, gone: Sequence[Layer]) -> Any:
    """The model past these layers, over the same weights."""
    new = twin(model)
    for _, side, stack in list(stacks(new)):
        left = [block for i, block in enumerate(stack.blocks) if (side, i) not in gone]
        stack.blocks = nn.ModuleList(left)
    return new


def missed_least(
    model: nn.Module, of: str, count: int, loss: Callable[[nn.Module], float]
) -> list[Layer]:
    """So many layers, one after the other that whose absence costs least; each side keeps one.

    Raises UserError if there are not as many.
    """
    known, gone = layers(model, of), list[Layer]()
    for _ in range(count):
        left = [layer for layer in known if layer not in gone]
        able = [(side, i) for side, i in left if sum(s == side for s, _ in left) > 1]
        if not able:
            raise UserError(f"layers: {count} of {len(known)} cannot go; each side keeps one")
        gone.append(min(able, key=lambda layer: loss(without(model, [*gone, layer]))))
    return sorted(gone)


def dropped(gone: Sequence[Layer], settings: Settings, kept: Weights) -> tuple[Settings, Weights]:
    """Recipe and weights without these layers; those behind them move up."""
    settings = deepcopy(settings)
    for side in {side for side, _ in gone}:
        stack = settings["model"][side]
        numbers = [i for i in range(stack["layers"]) if (side, i) not in gone]
        stack["layers"] = len(numbers)
        for part in stack["block"].values():
            if isinstance(part, dict) and part.get("left"):
                part["left"] = [part["left"][i] for i in numbers]
        kept = renumbered(kept, side, numbers)
    return settings, kept


def renumbered(kept: Weights, side: str, numbers: Sequence[int]) -> Weights:
    """The weights of these layers of a stack, counted anew, and all others."""
    place = re.compile(rf"((?:.*\.)?{side}\.stack\.blocks\.)(\d+)(\..*)")
    made = {}
    for name, value in kept.items():
        at = place.fullmatch(name)
        if at is None:
            made[name] = value
        elif int(at[2]) in numbers:
            made[f"{at[1]}{numbers.index(int(at[2]))}{at[3]}"] = value
    return made
