"""A long row as many short ones: each block with its neighbours, so that no T S matrix is made.

Positions, rules and padding go along, and whatever attends to short rows attends to blocks: the
scores, masks and kernels are those of the rest of the house.

`B` rows, `T` positions (queries and keys), `H` heads, `G` key heads, `K` head width, `C` positions
of a block, `N` blocks of a row, `W` keys that a block sees.
"""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention.scope import Rule, Scope
from regard.pass_ import Keys


def square(q: Tensor, k: Tensor, scope: Scope) -> bool:
    """Do slots stand for positions: are queries the keys, with padding (if any) at the end?

    Only then are near slots near positions; a few new tokens, or holes, are masked instead.
    """
    alike = q.size(2) == k.size(2) and scope.layout != "holes"
    return alike and torch.equal(scope.q_pos, scope.k_pos)


def cut(x: Tensor, size: int, dim: int, fill: float = 0) -> Tensor:
    """`dim` (T) as blocks: N, size; the last is filled up."""
    dim %= x.dim()
    x = F.pad(x, (0, 0) * (x.dim() - 1 - dim) + (0, -x.size(dim) % size), value=fill)
    return x.unflatten(dim, (-1, size))


def beside(x: Tensor, dim: int, before: int, after: int, fill: float = 0) -> Tensor:
    """Blocks (N, C at `dim`) with those `before` and `after` them: N, (before + 1 + after) C."""
    dim %= x.dim()
    N = x.size(dim)
    x = F.pad(x, (0, 0) * (x.dim() - 1 - dim) + (before, after), value=fill)
    return torch.cat([x.narrow(dim, i, N) for i in range(before + 1 + after)], dim + 1)


def fold(
    q: Tensor, k: Tensor, v: Tensor, scope: Scope, size: int, before: int = 1, after: int = 1
) -> tuple[Tensor, Tensor, Tensor, Scope]:
    """Queries (BN H C K), keys and values (BN G W K) of every block, and who may see whom there.

    A block of `size` C sees `before` blocks before it and `after` behind it: W is their places.
    """
    rows = q.size(0)
    q = into_rows(cut(q, size, 2), 2)
    k, v = (into_rows(beside(cut(x, size, 2), 2, before, after), 2) for x in (k, v))
    ok = torch.ones_like(scope.k_pos, dtype=torch.bool) if scope.k_ok is None else scope.k_ok
    q_pos = cut(scope.q_pos, size, 1).flatten(0, 1)
    k_pos = beside(cut(scope.k_pos, size, 1), 1, before, after).flatten(0, 1)
    ok = beside(cut(ok, size, 1, fill=False), 1, before, after, fill=False).flatten(0, 1)
    return q, k, v, folded(scope, q_pos, k_pos, ok, q.size(0) // rows)


def folded(scope: Scope, q_pos: Tensor, k_pos: Tensor, ok: Tensor, blocks: int) -> Scope:
    """The scope of `blocks` short rows for each row, at these positions."""
    index = torch.arange(scope.q_pos.size(0), device=ok.device).repeat_interleave(blocks)
    rules = tuple(rule.reorder(index) for rule in scope.rules)
    return Scope(q_pos, Keys(k_pos, ok, "holes"), rules).at(scope.position)


def unfold(y: Tensor, rows: int, length: int) -> Tensor:
    """Back from blocks (BN H C K) to rows (B H T K)."""
    return y.unflatten(0, (rows, -1)).transpose(1, 2).flatten(2, 3)[:, :, :length]


def into_rows(x: Tensor, dim: int) -> Tensor:
    """The blocks at `dim` as rows of their own: B H N C K -> BN H C K."""
    return x.movedim(dim, 1).flatten(0, 1)


def with_rule(scope: Scope, rule: Rule) -> Scope:
    """The same scope, narrowed by one more rule."""
    other = copy.copy(scope)
    other.rules, other.made = (*scope.rules, rule), {}
    return other
