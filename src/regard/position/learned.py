"""A learned vector per position, added to the embedding (Gehring et al. 2017; BERT)."""

from torch import Tensor, nn

from regard.pass_ import Pass
from regard.position.base import Position, PositionConfig
from regard.recipe import UserError


class Config(PositionConfig):
    """`length`: the number of positions there are vectors for."""

    length: int = 512

    def build(self, dim: int, heads: int) -> "Learned":
        """The table for a stream of this width."""
        return Learned(dim, self.length)


class Learned(Position):
    """A table that ends: a longer row is refused in words."""

    def __init__(self, dim: int, length: int):
        super().__init__()
        self.table = nn.Embedding(length, dim)

    def add(self, x: Tensor, pass_: Pass, layer: int) -> Tensor:
        """Enter the stream before the first layer."""
        if layer:
            return x
        last = int(pass_.pos.max()) if pass_.pos.numel() else 0
        if last >= self.table.num_embeddings:
            raise UserError(
                f"position {last}: learned positions end at {self.table.num_embeddings - 1}; "
                "set `length` higher, or use sinusoidal"
            )
        return x + self.table(pass_.pos)
