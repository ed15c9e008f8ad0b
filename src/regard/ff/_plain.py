"""What feed-forwards with one hidden layer share: two maps, and an activation between them."""

from collections.abc import Callable

from torch import Tensor, nn

from regard.dropout import Dropout
from regard.ff.base import FeedForward, FeedForwardConfig
from regard.pass_ import Pass
from regard.recipe import Rate


class PlainConfig(FeedForwardConfig):
    """`dropout` acts on the hidden layer."""

    dropout: Rate = 0.0


class Plain(FeedForward):
    """activation(x W + b) V + c."""

    def __init__(self, dim: int, config: PlainConfig, activation: Callable[[Tensor], Tensor]):
        super().__init__()
        width = config.width or 4 * dim
        self.up, self.down = nn.Linear(dim, width), nn.Linear(width, dim)
        self.drop, self.activation = Dropout(config.dropout), activation

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        return self.down(self.drop(self.activation(self.up(x))))
