"""Learned positions: a vector of its own for each position, added to the embedding.

Branch: Position / Absolute
Paper: ConvS2S, Gehring et al. 2017, section 3.1, https://arxiv.org/abs/1705.03122 (as in BERT)
Formula: x_i + p_i, p a table
Cost: time O(T D), memory O(T D); length D parameters
Causal: yes
Scores: no
Limit: with waves in its table it is sinusoidal
"""

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
        return x if layer else x + self.at(pass_.pos)

    def at(self, pos: Tensor) -> Tensor:
        """The vectors of positions (B T). Raises UserError where the table has ended."""
        last = int(pos.max()) if pos.numel() else 0
        if last >= self.table.num_embeddings:
            raise UserError(
                f"position {last}: learned positions end at {self.table.num_embeddings - 1}; "
                "set `length` higher, or use sinusoidal"
            )
        return self.table(pos)
