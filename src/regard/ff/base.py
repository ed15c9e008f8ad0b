"""What a feed-forward is: `forward(x, pass_)` over a stream x (B T D), each position by itself."""

from torch import Tensor, nn

from regard.pass_ import Pass
from regard.recipe import Config as Settings


class FeedForward(nn.Module):
    """A kind overrides `forward`; it may use the Pass (token ids, extra losses)."""

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D."""
        raise NotImplementedError


class FeedForwardConfig(Settings):
    """`width`: the hidden width (0: four times the stream's)."""

    width: int = 0

    def build(self, dim: int) -> FeedForward:
        """The kind's module for a stream of this width."""
        raise NotImplementedError
