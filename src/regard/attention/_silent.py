"""What is left of an attention all of whose heads were cut out: its last bias.

`B` rows, `N` sentences of a memory, `T` queries, `S` keys, `D` width.
"""

from typing import Any

import torch
from torch import Tensor, nn

from regard.attention.scope import Rule
from regard.pass_ import Pass


class Silent(nn.Module):
    """Has attention's signature, looks at nothing and remembers nothing."""

    incremental = True

    def __init__(self, dim: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(dim))

    def honours(self, rule: Rule) -> bool:
        """Who looks at nothing breaks no rule."""
        return True

    def start(self, rows: int, capacity: int | None, like: Tensor) -> None:
        """Nothing."""

    def forward(self, x: Tensor, pass_: Pass, state: Any = None) -> tuple[Tensor, Any]:
        """B T D: the same for every query."""
        return self.bias.expand_as(x), state

    def remember(self, x: Tensor, pass_: Pass, state: Any) -> Any:
        """Nothing."""
        return state

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of no width (N 1 S 0)."""
        none = memory[:, None, :, :0]
        return none, none

    def read(self, x: Tensor, pass_: Pass, kv: tuple[Tensor, Tensor]) -> Tensor:
        """B T D: the same for every query."""
        return self.bias.expand_as(x)
