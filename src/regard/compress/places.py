"""Where a model's heads and layers are: in its modules, and in its recipe."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import nn

from regard.attention.base import Attention
from regard.recipe import UserError
from regard.tasks.attending import label

STACKS = ("plain", "layer_drop")
STACK = re.compile(r"(?:.*\.)?(encoder|decoder)\.stack")
BLOCK = re.compile(rf"({STACK.pattern})\.blocks\.(\d+)\.(mixer|cross)")


class Place(NamedTuple):
    """An attention of a block: what looks call it, its module, and whose settings it has."""

    label: str  # encoder.0.self
    path: str  # encoder.stack.blocks.0.mixer
    side: str
    layer: int
    field: str  # of the block
    part: Attention

    @property
    def heads(self) -> int:
        """How many it has."""
        return self.part.heads


def plain(settings: dict[str, Any], of: str) -> None:
    """Raises UserError if the recipe has these layers otherwise than one after the other."""
    sides = ("encoder", "decoder") if of == "all" else ("decoder" if of == "cross" else of,)
    for side in sides:
        if side not in settings["model"]:
            raise UserError(f"--of: the run's model has no {side}")
        kind = settings["model"][side]["kind"]
        if kind not in STACKS:
            raise UserError(
                f"model.{side}: {kind} is not made of layers that can be told apart, so no heads "
                f"and no layers can go: only of {' and '.join(STACKS)}"
            )


def places(model: nn.Module, of: str) -> list[Place]:
    """The attentions of the encoder, the decoder (without cross), those across, or all.

    Raises UserError if there is none whose heads can be cut out.
    """
    found = []
    for path, part in model.named_modules():
        if isinstance(part, Attention) and belongs(label(path), of):
            at = BLOCK.fullmatch(path)
            if at is None:
                raise UserError(f"heads: {label(path)} is no part of a plain stack's block")
            refuse(label(path), part)
            found.append(Place(label(path), path, at[2], int(at[3]), at[4], part))
    if not found:
        raise UserError(f"heads: there is no attention in {of!r}, so there are no heads to cut out")
    return found


def belongs(name: str, of: str) -> bool:
    """Is the attention of this name one of these?"""
    side, _, what = name.split(".")
    return of == "all" or (what if what == "cross" else side) == of


def refuse(name: str, part: Attention) -> None:
    """Raises UserError if a head is not its own queries, keys and values, and nothing more."""
    core = part.core
    own = core.uses == "qkvo" and core.key_heads is None
    if not own or any(True for _ in core.parameters()):
        raise UserError(
            f"heads: those of {name} ({type(core).__name__}) share queries, keys or values, or "
            "learn more than these, and cannot be cut apart"
        )


def stacks(model: nn.Module) -> Iterator[tuple[str, str, Any]]:
    """Path, side and module of every stack whose layers are blocks."""
    for path, part in model.named_modules():
        at = STACK.fullmatch(path)
        if at is not None and hasattr(part, "blocks"):
            yield path, at[1], part
