"""The model stays as it is; beside some of its linear maps a narrow product of two learns.

LoRA, Hu et al. 2021, section 4 (https://arxiv.org/abs/2106.09685): W x + (alpha / r) B A x of rank
r, A random and B zero, so that at the start nothing is changed; afterwards W + (alpha / r) B A is a
plain map again.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from regard.models.tuning.base import ADDED, TuningConfig, Wrapped, freeze, wrap


class Config(TuningConfig):
    """`rank` of the product, `alpha`: it counts alpha / rank times. `on`: names of the maps.

    In attention they are q, k, v and out, in a feed-forward up and down (and gate). What the model
    had not before, such as a classifier's head, learns too.
    """

    rank: int = Field(8, ge=1)
    alpha: float = Field(16.0, gt=0)
    on: tuple[str, ...] = Field(("q", "v"), min_length=1)

    def apply(self, model: nn.Module, reader: str) -> None:
        """Freezes the reader and wraps its maps. Raises UserError for a name that none has."""
        part = model.get_submodule(reader)
        freeze(part)
        wrap(part, self.on, lambda linear: LoRA(linear, self.rank, self.alpha / self.rank))

    def plain(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The products added to their maps."""
        found = {}
        for name, value in tensors.items():
            owner, _, last = name.rpartition(".")
            down, up = (f"{owner}.{ADDED}.{part}.weight" for part in ("down", "up"))
            if last == "weight" and down in tensors:
                found[name] = value + self.alpha / self.rank * (tensors[up] @ tensors[down])
            elif ADDED not in name.split("."):
                found[name] = value
        return found


class Narrow(nn.Module):
    """B A x."""

    def __init__(self, gets: int, gives: int, rank: int):
        super().__init__()
        self.down, self.up = nn.Linear(gets, rank, bias=False), nn.Linear(rank, gives, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """... in -> ... out."""
        return self.up(self.down(x))


class LoRA(Wrapped):
    """W x + b + scale B A x."""

    def __init__(self, linear: nn.Linear, rank: int, scale: float):
        super().__init__(linear, Narrow(linear.in_features, linear.out_features, rank))
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """... in -> ... out."""
        return F.linear(x, self.weight, self.bias) + self.scale * self.tuned(x)

    def merged(self) -> nn.Linear:
        """A plain map that answers the same."""
        linear = nn.Linear(
            self.in_features, self.out_features, bias=self.bias is not None,
            device=self.weight.device, dtype=self.weight.dtype,
        )  # fmt: skip
        product = self.tuned.up.weight @ self.tuned.down.weight
        linear.weight.data = (self.weight + self.scale * product).detach()
        if self.bias is not None:
            linear.bias.data = self.bias.detach()
        return linear


def merged(model: nn.Module) -> nn.Module:
    """The model with plain maps again, in place."""
    for owner in list(model.modules()):
        for name, child in list(owner.named_children()):
            if isinstance(child, LoRA):
                setattr(owner, name, child.merged())
    return model
