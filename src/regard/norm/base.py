"""What a norm is: `forward(x, ok)` over a stream x (B T D), padding told by ok (B T) or None."""

from torch import Tensor, nn

from regard.recipe import Config as Settings


class Norm(nn.Module):
    """A kind overrides `forward`."""

    def forward(self, x: Tensor, ok: Tensor | None = None) -> Tensor:
        """x (B T D) normalised; kinds with statistics over the batch leave padding out by ok."""
        raise NotImplementedError


class NormConfig(Settings):
    """Settings of a kind; `build` makes it for a stream of this width."""

    def build(self, dim: int) -> Norm:
        """The kind's module."""
        raise NotImplementedError
