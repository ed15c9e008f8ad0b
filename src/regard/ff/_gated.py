"""What gated feed-forwards share: three maps, one of them a gate with an activation."""

from collections.abc import Callable

from torch import Tensor, nn

from regard.dropout import Dropout
from regard.ff.base import FeedForward, FeedForwardConfig
from regard.pass_ import Pass
from regard.recipe import Rate


class GatedConfig(FeedForwardConfig):
    """`width` 0: two thirds of a plain one's, which keeps its size; `dropout` acts on the hidden
    layer.
    """

    dropout: Rate = 0.0


class Gated(FeedForward):
    """(activation(x W + a) * (x V + b)) U + c."""

    def __init__(self, dim: int, config: GatedConfig, activation: Callable[[Tensor], Tensor]):
        super().__init__()
        width = config.width or 8 * dim // 3  # Shazeer 2020, section 3
        self.gate, self.up = nn.Linear(dim, width), nn.Linear(dim, width)
        self.down, self.drop = nn.Linear(width, dim), Dropout(config.dropout)
        self.activation = activation

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        return self.down(self.drop(self.activation(self.gate(x)) * self.up(x)))
