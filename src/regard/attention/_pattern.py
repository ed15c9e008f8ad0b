"""Softmax over a pattern of positions: block by block where that can be, by a mask where it must.

`B` rows, `T` queries, `S` keys, `G` key heads, `H` heads, `K` head width, `C` positions of a block,
`N` blocks of a row, `W` keys that a block sees.
"""

import torch
from torch import Tensor

from regard.attention._blocks import square, unfold, with_rule
from regard.attention._rows import real
from regard.attention.scope import Rule, Scope
from regard.attention.softmax import Softmax
from regard.pass_ import Keys

Group = tuple[Tensor, Tensor, Tensor, Tensor]  # k, v (BN G W K), where (BN W), and are they real


class Pattern(Softmax):
    """A kind says who is seen (`rule`), and how rows whose slots are positions are cut (`blocks`).

    Patterns compare a row with itself; in a memory there is nothing that stands beside a query.
    """

    cross = False
    least: int = 0  # so short a row is seen whole, or nearly: not worth cutting
    anchored: bool = True  # it matters where a row begins, not only how far apart two positions are

    def __init__(self, dropout: float = 0.0):
        super().__init__(dropout)
        self.inner = Softmax(dropout)

    def rule(self, scope: Scope) -> Rule:
        """Who is seen, as a rule over positions."""
        raise NotImplementedError

    def blocks(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """The same result without a T S matrix, where slot and position are one."""
        raise NotImplementedError

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """By blocks; a few new tokens, rows with holes and short rows by the mask."""
        if q.size(2) > self.least and square(q, k, scope) and straight(scope, self.anchored):
            return self.blocks(q, k, v, scope)
        return self.inner.attend(q, k, v, with_rule(scope, self.rule(scope)))

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S: the whole matrix, for pictures."""
        return self.inner.weights(q, k, with_rule(scope, self.rule(scope)))


def straight(scope: Scope, anchored: bool) -> bool:
    """Do real positions go up by one from slot to slot, and from 0 if `anchored`?"""
    pos, ok = scope.q_pos, scope.k_ok
    pos = pos if anchored else pos - pos[:, :1]
    fits = pos == torch.arange(pos.size(1), device=pos.device)
    return bool((fits if ok is None else fits | ~ok).all())


def ordered(scope: Scope) -> tuple[Tensor, Tensor, Tensor]:
    """Real keys by position: the slot of each (B S), the place of each slot (B S), how many (B).

    Padding, wherever it stands, comes last.
    """
    ok = real(scope)
    last = torch.iinfo(scope.k_pos.dtype).max
    order = scope.k_pos.masked_fill(~ok, last).argsort(dim=1, stable=True)
    return order, order.argsort(1), ok.sum(1)


def with_leading(
    inner: Softmax, q: Tensor, k: Tensor, v: Tensor, scope: Scope,
    near: tuple[Tensor, Tensor, Tensor, Scope], more: list[Group], leading: int,
) -> Tensor:  # fmt: skip
    """Blocks `near` (as `fold` makes them) that see `more` too, and the `leading` tokens of a row.

    Those see everybody in turn. Each key is seen once: a leading one only as such.
    """
    rows, T = q.size(0), q.size(2)
    queries, near_k, near_v, inside = near
    assert inside.k_ok is not None
    N = len(queries) // rows
    first = [
        x.narrow(dim, 0, min(leading, T)).repeat_interleave(N, 0)
        for x, dim in ((k, 2), (v, 2), (scope.k_pos, 1), (real(scope), 1))
    ]
    others = [(near_k, near_v, inside.k_pos, inside.k_ok), *more]
    seen = [first, *([a, b, pos, ok & (pos >= leading)] for a, b, pos, ok in others)]
    keys, values, pos, ok = (torch.cat([g[i] for g in seen], 2 if i < 2 else 1) for i in range(4))
    inside = Scope(inside.q_pos, Keys(pos, ok, "holes"), inside.rules).at(scope.position)
    y = unfold(inner.attend(queries, keys, values, inside), rows, T)
    if not leading:
        return y
    everybody = Keys(scope.k_pos, real(scope), "holes")
    top = Scope(scope.q_pos[:, :leading], everybody, scope.rules).at(scope.position)
    return torch.cat([inner.attend(q[:, :, :leading], k, v, top), y[:, :, leading:]], 2)
