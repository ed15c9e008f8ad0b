"""Half of the heads look one way and half another; and columns, which is how two kinds look far.

`B` rows, `T` positions, `H` heads, `h` heads of a half, `K` head width, `C` columns (the stride),
`R` positions of a column.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention._blocks import cut, folded, into_rows
from regard.attention._pattern import Pattern
from regard.attention._rows import real
from regard.attention.scope import Rule, Scope
from regard.attention.softmax import Softmax
from regard.position.base import Position


class Halves(Softmax):
    """The first half of the heads attends as `near` says, the others as `far` does."""

    cross = False

    def __init__(self, near: Softmax, far: Softmax):
        super().__init__()
        self.near, self.far = near, far

    def halves(self, heads: int) -> list[tuple[Softmax, slice]]:
        """Each with its heads."""
        return [(self.near, slice(0, heads // 2)), (self.far, slice(heads // 2, heads))]

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K: the halves side by side."""
        H = q.size(1)
        return torch.cat(
            [
                half.attend(q[:, at], k[:, at], v[:, at], narrowed(scope, H, at))
                for half, at in self.halves(H)
            ],
            1,
        )

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S, for pictures."""
        H = q.size(1)
        return torch.cat(
            [
                half.weights(q[:, at], k[:, at], narrowed(scope, H, at))
                for half, at in self.halves(H)
            ],
            1,
        )


def narrowed(scope: Scope, heads: int, at: slice) -> Scope:
    """The scope of some heads: a position may have numbers of its own for each."""
    position = scope.position
    return scope.at(Some(position, heads, at)) if position.scores else scope


class Some(Position):
    """What a position made for all heads gives to those `at`; the others ask with zeros."""

    scores, weighs = True, True

    def __init__(self, whole: Position, heads: int, at: slice):
        super().__init__()
        self.whole, self.at, self.missing = whole, at, (at.start, heads - at.stop)

    def spread(self, x: Tensor) -> Tensor:
        """B h ... -> B H ..., zeros for the others."""
        return F.pad(x, (0, 0, 0, 0, *self.missing))

    def picked(self, x: Tensor | None) -> Tensor | None:
        """B H ... -> B h ...; what is the same for all heads stays."""
        return x if x is None or x.size(1) == 1 else x[:, self.at]

    def bias(self, q: Tensor, k: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor | None:
        """Its numbers for these heads."""
        return self.picked(self.whole.bias(self.spread(q), self.spread(k), q_pos, k_pos))

    def values(self, weights: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor | None:
        """Its vectors for these heads."""
        return self.picked(self.whole.values(self.spread(weights), q_pos, k_pos))


@dataclass(frozen=True)
class Column(Rule):
    """Keys a whole number of strides away: those below and above in a table `stride` wide."""

    stride: int

    def __call__(self, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """Distance 0, stride, twice the stride ..."""
        return (q_pos - k_pos) % self.stride == 0


class Columns(Pattern):
    """A row is laid out in lines of `stride`; each column of the table is a short row."""

    anchored = False

    def __init__(self, stride: int, dropout: float = 0.0):
        super().__init__(dropout)
        self.stride = self.least = stride

    def rule(self, scope: Scope) -> Rule:
        """One's own column."""
        return Column(self.stride)

    def blocks(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K -> (B C) H R K and back."""
        B, T, C = q.size(0), q.size(2), self.stride
        q, k, v = (into_rows(cut(x, C, 2), 3) for x in (q, k, v))
        pos, ok = (cut(x, C, 1).transpose(1, 2).flatten(0, 1) for x in (scope.q_pos, real(scope)))
        y = self.inner.attend(q, k, v, folded(scope, pos, pos, ok, C))
        return y.unflatten(0, (B, C)).permute(0, 2, 3, 1, 4).flatten(2, 3)[:, :, :T]
