"""The model stays as it is; behind its mixers and feed-forwards small bottlenecks learn.

Houlsby et al. 2019, section 2 (https://arxiv.org/abs/1902.00751): y + up(g(down(y))) behind the
last map of each, before it goes back into the stream; norms learn too. `up` is zero at the start,
so that nothing is changed.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from regard.models.tuning.base import TuningConfig, Wrapped, added, freeze, wrap
from regard.norm.base import Norm
from regard.recipe import UserError


class Config(TuningConfig):
    """`width` of the bottleneck. `on`: names of the maps that it stands behind.

    In attention the last map is out, in a feed-forward down. What the model had not before, such
    as a classifier's head, learns too.
    """

    width: int = Field(32, ge=1)
    on: tuple[str, ...] = Field(("out", "down"), min_length=1)

    def apply(self, model: nn.Module, reader: str) -> None:
        """Freezes the reader but for its norms. Raises UserError for a name that no map has."""
        part = model.get_submodule(reader)
        freeze(part)
        for module in part.modules():
            if isinstance(module, Norm | nn.LayerNorm):
                module.requires_grad_()
        wrap(
            part,
            self.on,
            lambda linear: Adapted(linear, Bottleneck(linear.out_features, self.width)),
        )

    def plain(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """There is none. Raises UserError."""
        if any(map(added, tensors)):
            raise UserError(
                "start: a run tuned by adapter has parts that no plain model has; start from the "
                "run that it started from, or tune by lora"
            )
        return dict(tensors)


class Bottleneck(nn.Module):
    """up(g(down(y)))."""

    def __init__(self, dim: int, width: int):
        super().__init__()
        self.down, self.up = nn.Linear(dim, width), nn.Linear(width, dim)
        for linear in (self.down, self.up):
            nn.init.zeros_(linear.bias)
        nn.init.zeros_(self.up.weight)

    def forward(self, y: Tensor) -> Tensor:
        """... D -> ... D."""
        return self.up(F.gelu(self.down(y)))


class Adapted(Wrapped):
    """y + bottleneck(y), y = W x + b."""

    def forward(self, x: Tensor) -> Tensor:
        """... in -> ... out."""
        y = F.linear(x, self.weight, self.bias)
        return y + self.tuned(y)
