"""What an embedding is: `forward(tokens)`, and a weight (V D) that an output layer may share."""

from torch import Tensor, nn

from regard.recipe import Config as Settings


class Embed(nn.Module):
    """A kind overrides both."""

    weight: Tensor  # V D

    def forward(self, tokens: Tensor) -> Tensor:
        """B T -> B T D."""
        raise NotImplementedError


class EmbedConfig(Settings):
    """Settings of a kind; `build` makes it for this vocabulary and width."""

    def build(self, vocabulary: int, dim: int) -> Embed:
        """The kind's module."""
        raise NotImplementedError
