"""What a trip through a stack knows, so that signatures stay short.

`B` rows, `T` queries, `S` keys, `D` width, `H` heads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

if TYPE_CHECKING:
    from regard.state import Memory

# How real keys lie in their row: all of them real; real ones first, then padding; or anyhow.
Layout = Literal["full", "right", "holes"]


@dataclass
class Keys:
    """Where the keys that a trip may look at stand, and which of them are real."""

    pos: Tensor  # B S, absolute positions
    ok: Tensor | None = None  # B S, True = real; None = all of them
    layout: Layout = "full"


def layout_of(ok: Tensor | None) -> Layout:
    """How the real ones lie in `ok` (B T)."""
    if ok is None or bool(ok.all()):
        return "full"
    return "right" if bool((ok[:, :-1] | ~ok[:, 1:]).all()) else "holes"


@dataclass
class Pass:
    """One trip: positions, padding, who sees whom, and what blocks hand to each other.

    `rules` say whom self-attention may see (an encoder has none, a decoder `causal`); `scopes`
    caches what was worked out from them; `scores` are those of the layer below, for kinds that
    reuse them; `aux` collects extra losses, which the task adds up;
    `ramps` the logits of stacks that classify: in training every layer's, at use the answer.
    """

    pos: Tensor  # B T, absolute positions
    ok: Tensor | None  # B T, True = real; None = all of them
    keys: Keys  # what self-attention sees: the past, then this trip's T
    rules: tuple = ()
    start: int = 0  # slot of this trip's first key among `keys`
    memory: Memory | None = None
    tokens: Tensor | None = None  # B T
    segments: Tensor | None = None  # B T
    task: str | None = None
    scopes: dict[Any, Any] = field(default_factory=dict)
    scores: Tensor | None = None  # B H T S
    aux: list[Tensor] = field(default_factory=list)
    ramps: list[Tensor] = field(default_factory=list)  # N classes each


def encoding(ok: Tensor | None, like: Tensor, tokens: Tensor | None = None) -> Pass:
    """The Pass of an encoder over `like` (B T ...): positions count the real ones from 0."""
    B, T = like.shape[:2]
    layout = layout_of(ok)
    if layout == "full":
        ok = None
    if layout == "holes":
        assert ok is not None
        pos = (ok.long().cumsum(1) - 1).clamp_min(0)
    else:
        pos = torch.arange(T, device=like.device).expand(B, T)
    return Pass(pos, ok, Keys(pos, ok, layout), tokens=tokens)
