"""An encoder whose row becomes one vector, and a head that reads the answer off it.

`N` rows, `S` tokens, `D` width, `C` numbers that the head gives.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.models import encoder
from regard.models.initial import initialise
from regard.recipe import Rate
from regard.state import Encoded


class Config(encoder.Config):
    """`pool`: the vector of a row is that of its first token, or mean or maximum of them all.

    `drop` acts on it.
    """

    pool: Literal["first", "mean", "max"] = "first"
    drop: Rate = 0.1

    def pooled(self, vocabulary: int, head: Callable[[int], nn.Module]) -> "Pooled":
        """The model, freshly initialised, around a head that is made for the reader's width."""
        reader = self.build(vocabulary)
        model = Pooled(reader, head(reader.dim), self.pool, self.drop)
        initialise(model)
        return model


class Pooled(nn.Module):
    """`reader` may be one that was pre-trained; `head` is new."""

    def __init__(self, reader: encoder.Reader, head: nn.Module, pool: str, drop: float):
        super().__init__()
        self.reader, self.head, self.pool, self.drop = reader, head, pool, Dropout(drop)

    def forward(self, tokens: Tensor, ok: Tensor, segments: Tensor, **more: Any) -> Tensor:
        """N C; `more`: what a Reader takes."""
        return self.answer(self.reader(tokens, ok, segments, **more))

    def answer(self, found: Encoded) -> Tensor:
        """N C of what was read."""
        return self.head(self.drop(pooled(found, self.pool)))


def pooled(found: Encoded, how: str) -> Tensor:
    """One vector a row, N D; padding does not count."""
    x, ok = found.x, found.ok
    if how == "first":
        return x[:, 0]
    if ok is None:
        return x.mean(1) if how == "mean" else x.amax(1)
    real = ok[..., None]
    if how == "mean":
        return (x * real).sum(1) / real.sum(1).clamp_min(1)
    return x.masked_fill(~real, torch.finfo(x.dtype).min).amax(1)
