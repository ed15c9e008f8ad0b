"""What a way of tuning is: which parameters of a model learn, and what it adds to it."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from regard.recipe import Config as Settings
from regard.recipe import UserError

ADDED = "tuned"  # the name of a part that a kind adds: no weights from before have it


class TuningConfig(Settings):
    """A kind changes a model in place, before its weights are trained or loaded.

    The weights that were there before keep their names; what is added lies under `ADDED`.
    """

    def apply(self, model: nn.Module, reader: str) -> None:
        """`reader`: the name of the part of the model that may have been trained before."""
        raise NotImplementedError

    def plain(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a model so tuned as those of a plain one that answers the same."""
        return dict(tensors)


def added(name: str) -> bool:
    """Is this the name of a weight that tuning added?"""
    return ADDED in name.split(".")


def freeze(part: nn.Module) -> None:
    """Nothing in it learns."""
    for parameter in part.parameters():
        parameter.requires_grad_(False)


class Wrapped(nn.Module):
    """Stands where a linear map stood, has its weights under their names, and adds to its answer.

    A kind overrides `forward`; what it adds is `tuned`.
    """

    tuned: Any

    def __init__(self, linear: nn.Linear, part: nn.Module):
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias, self.tuned = linear.weight, linear.bias, part

    def forward(self, x: Tensor) -> Tensor:
        """... in -> ... out."""
        raise NotImplementedError


def wrap(part: nn.Module, on: tuple[str, ...], make: Callable[[nn.Linear], nn.Module]) -> None:
    """Put what `make` makes in the place of every linear map of these names.

    Raises UserError for a name that no linear map has.
    """
    made: dict[nn.Module, nn.Module] = {}
    seen = set()
    for owner in list(part.modules()):
        for name, child in list(owner.named_children()):
            if name in on and isinstance(child, nn.Linear):
                made[child] = made.get(child) or make(child)
                setattr(owner, name, made[child])
                seen.add(name)
    for name in on:
        if name not in seen:
            known = {
                path.rpartition(".")[2]
                for path, child in part.named_modules()
                if isinstance(child, nn.Linear | Wrapped)
            }
            raise UserError(
                f"tuning.on: no linear map is called {name!r}; one of {', '.join(sorted(known))}"
            )
