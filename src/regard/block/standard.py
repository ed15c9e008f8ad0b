"""The block of the Transformer: a mixer, cross-attention in a decoder, a feed-forward.

Branch: Architecture / Plain
Paper: Attention Is All You Need, Vaswani et al. 2017, section 3.1, https://arxiv.org/abs/1706.03762
Formula: x = r(x, mixer); x = r(x, cross), in a decoder; x = r(x, ff); r is the residual that
  block/residual.py places norms in
Cost: time and memory of its parts
Causal: yes, if its mixer is
Scores: no, but its mixer may
"""

from typing import Annotated, Any

from torch import Tensor, nn

from regard.block.base import Block, BlockConfig, Layer
from regard.block.residual import Placement, Residual
from regard.pass_ import Pass
from regard.position.base import Position
from regard.recipe import Part, Rate


class Config(BlockConfig):
    """Any mixer or attention, any feed-forward, any norm in any place."""

    mixer: Annotated[Any, Part("attention", "mixer", default="softmax")] = "softmax"
    cross: Annotated[Any, Part("attention", default="softmax")] = "softmax"
    ff: Annotated[Any, Part("ff", default="relu")] = "relu"
    norm: Annotated[Any, Part("norm")] = "layer"
    place: Placement = "pre"
    dropout: Rate = 0.1

    def heads(self) -> int:
        """Heads of the mixer, if it has any."""
        return getattr(self.mixer, "heads", 1)

    def build(self, dim: int, position: Position | None, cross: bool, depth: int) -> Block:
        """The block's parts, each made by its own config."""
        parts = 3 if cross else 2
        return Standard(
            self.mixer.build(dim, position),
            self.cross.build(dim, memory=dim) if cross else None,
            self.ff.build(dim),
            [Residual(dim, self.place, self.norm, self.dropout, depth) for _ in range(parts)],
        )


class Standard(Block):
    """Each part in its residual."""

    mixer: Any  # whatever its kind, it has attention's signature
    cross: Any
    residuals: Any

    def __init__(
        self, mixer: nn.Module, cross: nn.Module | None, ff: nn.Module, residuals: list[Residual]
    ):
        super().__init__()
        self.mixer, self.cross, self.ff = mixer, cross, ff
        self.residuals = nn.ModuleList(residuals)

    def start(self, rows: int, capacity: int | None, like: Tensor) -> Any:
        """The mixer's empty state."""
        return self.mixer.start(rows, capacity, like)

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory."""
        assert self.cross is not None
        return self.cross.project(memory)

    def forward(self, x: Tensor, pass_: Pass, state: Layer) -> tuple[Tensor, Any]:
        """B T D -> B T D."""
        first, *middle, last = self.residuals
        ok = pass_.ok
        y, own = self.mixer(first.before(x, ok), pass_, state.own)
        x = first.after(x, y, ok)
        if self.cross is not None:
            r = middle[0]
            x = r.after(x, self.cross.read(r.before(x, ok), pass_, state.cross), ok)
        return last.after(x, self.ff(last.before(x, ok), pass_), ok), own

    def remember(self, x: Tensor, pass_: Pass, state: Layer) -> Any:
        """Only the mixer takes notice."""
        return self.mixer.remember(self.residuals[0].before(x, pass_.ok), pass_, state.own)
