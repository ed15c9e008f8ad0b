"""What a family of checkpoints from outside defines, and what families share.

A family is a file of this folder, named by the `model_type` of its config.json with `-` as `_`. It
says what config.json may hold (`Shape`), which recipe of ours that is and back, and which tensor of
theirs is which of ours: one table of pairs, read both ways.

`V` vocabulary, `D` width.
"""

import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, cast

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from regard.data.tokenizer.foreign import ForeignTokenizer, Order
from regard.outside._source import Source
from regard.recipe import Fault, UserError, check, nearest


class Shape(BaseModel):
    """What a family's config.json says, as far as it matters, with the family's own defaults.

    What we cannot honour is no value of its field, so that it is refused in words.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())
    special: ClassVar[tuple[str, ...]] = ()

    vocab_size: int = Field(ge=4)


class Way(NamedTuple):
    """How tensors of theirs become one of ours, and that one theirs again."""

    ours: Callable[..., Tensor]
    theirs: Callable[[Tensor], tuple[Tensor, ...]]


SAME = Way(lambda x: x, lambda x: (x,))


class Pair(NamedTuple):
    """A tensor of ours and those of theirs that it is. `head`: a checkpoint may lack it."""

    ours: str
    theirs: tuple[str, ...]
    way: Way = SAME
    head: bool = False


class Family(Protocol):
    """What the file of a family defines."""

    TITLE: str  # its name for people
    TASK: str  # of the runs that it becomes
    CLASS: str  # `architectures` of what is exported
    ENDS: int  # eos tokens between two texts of a row
    LEFT: tuple[str, ...]  # beginnings of the names of tensors that we have no use for
    Shape: type[Any]

    def plain(self, name: str) -> str:
        """The one name of a tensor that checkpoints call differently."""

    def specials(self, source: Source) -> dict[str, int]:
        """Our specials' names, `<pad>`, `<bos>`, `<eos>`, `<unk>` first, and their ids."""

    def settings(self, shape: Any) -> dict[str, Any]:
        """What the recipe says beside its task and tokenizer."""

    def shape(self, recipe: Any, order: Order) -> Any:
        """The Shape of a recipe. Raises UserError if the family has no counterpart."""

    def pairs(self, shape: Any, order: Order) -> Iterable[Pair]:
        """Every tensor of the model."""

    def build(self, recipe: Any, tokenizer: ForeignTokenizer) -> nn.Module:
        """The model of a recipe."""

    def save(self, tokenizer: ForeignTokenizer, folder: Path) -> None:
        """The run's tokenizer, where its task looks for it."""


# -- which families --------------------------------------------------------------------------------


@cache
def families() -> tuple[str, ...]:
    """The names of all families, as `model_type` has them."""
    found = sorted(Path(__file__).parent.glob("*.py"))
    known = [path for path in found if "\nclass Shape(" in path.read_text("utf-8")]
    return tuple(NAMED.get(path.stem, path.stem) for path in known if path.stem != "base")


NAMED = {"xlm_roberta": "xlm-roberta"}


def family(name: str) -> Family:
    """The family of this `model_type`. Raises UserError with the nearest one if there is none."""
    if name not in families():
        raise UserError(f"model_type {name!r} is no family that can be read; "
                        f"{nearest(name, families())}")  # fmt: skip
    return cast(Family, import_module(f"regard.outside.{name.replace('-', '_')}"))


def limits(name: str) -> dict[str, tuple[Any, ...]]:
    """The settings of a family's config.json that may have only certain values, and these."""
    found = {}
    for field, info in family(name).Shape.model_fields.items():
        if typing.get_origin(info.annotation) is Literal:
            found[field] = typing.get_args(info.annotation)
        elif any(getattr(rule, "max_length", None) == 0 for rule in info.metadata):
            found[field] = ("none",)
    return found


def listing() -> list[dict[str, Any]]:
    """What can be read: family, name, task, and what of its settings is restricted to what."""
    return [
        {"family": name, "title": family(name).TITLE, "task": family(name).TASK,
         "only": {key: list(values) for key, values in limits(name).items()}}
        for name in families()
    ]  # fmt: skip


def shape_of(of: Family, settings: Mapping[str, Any], where: str) -> Any:
    """A config.json, checked. Raises UserError that names key and value."""
    try:
        return check(of.Shape, dict(settings))
    except Fault as fault:
        raise UserError(f"{where}: {fault.path}: {fault.message}") from None


# -- tensors both ways -----------------------------------------------------------------------------


def rows(order: Order, copies: float | None = None) -> Way:
    """Rows (V ...) in our order and theirs; `copies` fills what has no place of its own there."""

    def ours(x: Tensor) -> Tensor:
        if len(x) != order.rows:
            raise UserError(f"{len(x)} rows, and the vocabulary has {order.rows}")
        x = x[torch.from_numpy(order.theirs)]
        if copies is not None:
            x[torch.from_numpy(order.copies)] = copies
        return x

    return Way(ours, lambda x: (x[torch.from_numpy(order.ours)],))


def ours(pairs: Iterable[Pair], found: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], set[str]]:
    """Our tensors by name, and the names of theirs that were used.

    A head of which nothing is there is left out. Raises UserError if something else is missing.
    """
    made: dict[str, Tensor] = {}
    used: set[str] = set()
    table = list(pairs)
    headless = not any(name in found for pair in table if pair.head for name in pair.theirs)
    for pair in table:
        if pair.head and headless:
            continue
        for name in pair.theirs:
            if name not in found:
                raise UserError(f"there is no tensor {name}; the checkpoint is not whole")
        try:
            made[pair.ours] = pair.way.ours(*(found[name].float() for name in pair.theirs))
        except (UserError, RuntimeError, IndexError) as error:
            name = (*pair.theirs, pair.ours)[0]
            raise UserError(f"{name} does not fit config.json: {error}") from None
        used.update(pair.theirs)
    return made, used


def taken(
    of: Family, pairs: Iterable[Pair], found: Mapping[str, Tensor], where: str
) -> tuple[dict[str, Tensor], list[str]]:
    """Our tensors by name, and the names of theirs that are left out.

    Raises UserError if something is missing, or has no place in the family.
    """
    try:
        made, used = ours(pairs, found)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    left = sorted(found.keys() - used)
    odd = [name for name in left if not name.startswith(of.LEFT)]
    if odd:
        raise UserError(f"{where}: {odd[0]} has no place in a {of.TITLE}; it is of another kind")
    return made, left


def theirs(pairs: Iterable[Pair], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse: their tensors by name."""
    made: dict[str, Tensor] = {}
    for pair in pairs:
        found = pair.way.theirs(own[pair.ours].detach().float().cpu())
        made.update(zip(pair.theirs, (x.contiguous().clone() for x in found), strict=True))
    return made
