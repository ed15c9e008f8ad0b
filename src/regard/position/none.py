"""No positions: what is left of order is what masks and recurrence tell.

Branch: Position / Implicit
Paper: NoPos, Haviv et al. 2022, https://arxiv.org/abs/2203.16634
Formula: x_i
Cost: nothing
Causal: yes
Scores: no
Limit: without a mask, rows in another order give the same answers in that order
"""

from regard.position.base import Position, PositionConfig


class Config(PositionConfig):
    """Nothing to set."""

    def build(self, dim: int, heads: int) -> Position:
        """A position that enters nowhere."""
        return Position()
