"""Every head behind a gate that learns to be open or shut, and pays for being open.

Hard-concrete gates: Louizos et al. 2018 (https://arxiv.org/abs/1712.01312, 4), for heads
Voita et al. 2019 (https://arxiv.org/abs/1905.09418, 4). `B` rows, `T` queries, `H` heads, `K` head
width.
"""

import math
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from regard.attention.base import Attention, Core
from regard.attention.scope import Rule, Scope
from regard.models.tuning.base import TuningConfig
from regard.recipe import UserError

SHARP, LOW, HIGH = 0.33, -0.1, 1.1  # beta, gamma and zeta of the paper
START = 3.0  # of log alpha: open, and certainly so at use


class Config(TuningConfig):
    """`penalty`: what an open head costs, in nats a token. `pace`: how many times as fast as a
    weight a gate learns, since it has all the way to go in a few hundred updates. Self-attention
    of the encoder, the decoder or both.
    """

    penalty: float = Field(0.02, ge=0)
    pace: float = Field(50.0, gt=0)
    side: Literal["encoder", "decoder", "both"] = "encoder"

    def apply(self, model: nn.Module, reader: str) -> None:
        """A gate for every head, all open. Raises UserError if there is no head."""
        found = [part for path, part in model.named_modules() if self.wants(path, part)]
        if not found:
            raise UserError(f"tuning: gates are for heads, and the {self.side} has none")
        for part in found:
            part.core = Gated(part.core, part.heads, self)  # type: ignore[union-attr,arg-type]

    def wants(self, path: str, part: nn.Module) -> bool:
        """Is this a self-attention of that side?"""
        names = path.split(".")
        side = "decoder" if "decoder" in names else "encoder"
        return isinstance(part, Attention) and "cross" not in names and self.side in (side, "both")


class Gated(Core):
    """What each head of a core finds, times its gate."""

    scores = False  # whoever looks at weights looks at the core inside

    def __init__(self, core: Core, heads: int, config: Config):
        super().__init__()
        self.of, self.penalty, self.pace = core, config.penalty, config.pace
        self.incremental, self.keeps_keys = core.incremental, core.keeps_keys  # type: ignore[misc]
        self.gate = nn.Parameter(torch.full((heads,), START / self.pace))

    def forward(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope, state: Any) -> tuple:
        """B H T K; in training the gates are drawn, and the trip is told what they cost."""
        y, state = self.of(q, k, v, scope, state)
        if self.training and scope.trip is not None:
            scope.trip.aux.append(self.penalty * expected(self.pace * self.gate).sum())
        return y * self.gates()[:, None, None], state

    def gates(self) -> Tensor:
        """H, from 0 to 1: drawn in training, else what they are without chance."""
        openness = self.pace * self.gate
        if self.training:
            u = torch.rand_like(openness).clamp(1e-6, 1 - 1e-6)
            return stretched((u.logit() + openness) / SHARP)
        return stretched(openness)

    def honours(self, rule: Rule) -> bool:
        """If the core inside does."""
        return self.of.honours(rule)

    def start(self, k: Tensor, v: Tensor, capacity: int | None) -> Any:
        """Of the core inside."""
        return self.of.start(k, v, capacity)


def stretched(x: Tensor) -> Tensor:
    """Between 0 and 1, both ends included."""
    return (x.sigmoid() * (HIGH - LOW) + LOW).clamp(0, 1)


def expected(openness: Tensor) -> Tensor:
    """How probably a gate of this log alpha is not 0 (equation 12)."""
    return (openness - SHARP * math.log(-LOW / HIGH)).sigmoid()
