"""What a stack is: an encoder turns vectors into vectors; a decoder also starts and keeps a state.

`B` rows, `N` sentences, `T` queries, `S` keys, `D` width.
"""

from typing import Any, ClassVar

from torch import Tensor, nn

from regard.pass_ import Pass
from regard.recipe import Config as Settings
from regard.state import Encoded, Memory


class Encoder(nn.Module):
    """Reads a whole input."""

    dim: int  # width of what comes out

    def forward(self, x: Tensor, pass_: Pass) -> Encoded:
        """x (N S D) read."""
        raise NotImplementedError


class Decoder(nn.Module):
    """Reads T tokens or one, after whatever its layers remember."""

    dim: int  # width of what comes out
    layers: int

    def mixers(self) -> list[nn.Module]:
        """What moves information along time, and so must keep to the rules."""
        raise NotImplementedError

    def start(
        self, encoded: Encoded | None, rows: int, capacity: int | None, like: Tensor
    ) -> tuple[list[Any], Memory | None]:
        """Empty layer states for `rows`, and the memory projected once."""
        raise NotImplementedError

    def forward(self, x: Tensor, pass_: Pass, layers: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (B T D) after what `layers` remember; the new layer states."""
        raise NotImplementedError


class StackConfig(Settings):
    """A kind makes an encoder, a decoder or either."""

    reads: ClassVar[bool] = False  # an encoder
    writes: ClassVar[bool] = False  # a decoder

    def encoder(self, dim: int) -> Encoder:
        """An encoder over vectors of width `dim`."""
        raise NotImplementedError

    def decoder(self, dim: int, memory: int | None) -> Decoder:
        """A decoder over vectors of width `dim` (and a memory of this width)."""
        raise NotImplementedError
