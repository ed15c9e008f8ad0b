"""Real positions counted, wherever padding lies: ranks and lengths are a row's own.

So that a choice made among them (clusters, landmarks, the keenest queries) is the same alone, in a
batch and padded anyhow. `B` rows, `H` heads, `T` slots, `K` head width.
"""

import torch
from torch import Tensor

from regard.attention.scope import Scope


def real(scope: Scope) -> Tensor:
    """B T: which keys are real."""
    return torch.ones_like(scope.k_pos, dtype=torch.bool) if scope.k_ok is None else scope.k_ok


def ranks(ok: Tensor) -> Tensor:
    """B T: how many real ones stand before each (padding: anything in range)."""
    return (ok.long().cumsum(1) - 1).clamp_min(0)


def slots(ok: Tensor) -> Tensor:
    """B T: the slot of each rank; padding comes last."""
    return ok.long().argsort(dim=1, descending=True, stable=True)


def at(x: Tensor, index: Tensor) -> Tensor:
    """Vectors of x (B H T K) at slots `index` (B n, or B H n): B H n K."""
    index = index[:, None] if index.dim() == 2 else index
    return x.gather(2, index[..., None].expand(-1, x.size(1), -1, x.size(-1)))
