"""What a block is: `forward(x, pass_, state) -> (x, state)` over a stream x (B T D)."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Config as Settings


@dataclass
class Layer:
    """What one block remembers: its mixer's state, and its keys and values of the memory (N G S
    K).
    """

    own: Any = None
    cross: tuple[Tensor, Tensor] | None = None


class Block(nn.Module):
    """A kind overrides all but `mixers`, and that too if its `mixer` is not all it has."""

    def mixers(self) -> list[Any]:
        """What moves information along time, and so must keep to the rules."""
        return [self.mixer] if hasattr(self, "mixer") else []

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """The mixer's empty state."""
        raise NotImplementedError

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of an encoder's output, N G S K each."""
        raise NotImplementedError

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """The stream after this block, and the mixer's new state."""
        raise NotImplementedError

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """The mixer's new state alone, for a block that is skipped."""
        raise NotImplementedError


class BlockConfig(Settings):
    """Settings of a kind; `build` makes one block of `depth`."""

    def heads(self) -> int:
        """Heads of self-attention, for positions that count them."""
        return 1

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> Block:
        """A block with (decoder) or without (encoder) cross-attention."""
        raise NotImplementedError
