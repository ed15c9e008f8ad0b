"""Texts as an encoder reads them: one or two a row, framed, cut, padded.

A row is `bos a eos`, or `bos a eos b eos`, whose second part is segment 1; a tokenizer from outside
may ask for two eos between them. `N` rows, `S` tokens.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from regard.data.batching import ok, pad
from regard.data.tokenizer.base import BOS, EOS, Tokenizer

Texts = tuple[str, ...]  # of one row: one or two


class Frame(NamedTuple):
    """A row's ids, and where its second text begins (their number if it has none)."""

    ids: list[int]
    second: int


@dataclass
class Batch:
    """Padded rows."""

    tokens: Tensor  # N S
    ok: Tensor  # N S, True = real
    segments: Tensor  # N S, 0 or 1

    def to(self, device: torch.device | str) -> Self:
        """The batch on another device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self)}
        return type(self)(**moved)


def framed(
    tokenizer: Tokenizer, rows: Sequence[Texts], longest: int, rng: random.Random | None = None
) -> list[Frame]:
    """The rows in at most `longest` tokens each: what is too long loses its end."""
    if not rows:
        return []
    columns = [tokenizer.encode(texts, rng) for texts in zip(*rows, strict=True)]
    ends = getattr(tokenizer.facts, "ends", 1)
    return [frame(parts, longest, ends) for parts in zip(*columns, strict=True)]


def frame(parts: Sequence[list[int]], longest: int, ends: int = 1) -> Frame:
    """One row; of two texts the longer one is cut first, token by token (as BERT does).

    `ends`: eos between two texts.
    """
    room = longest - 1 - len(parts)
    if len(parts) == 1:
        return Frame([BOS, *parts[0][:room], EOS], min(len(parts[0]), room) + 2)
    first, second = (len(part) for part in parts)
    room -= ends - 1
    over = max(first + second - room, 0)
    level = min(over, abs(first - second))  # off the longer one until both are alike
    rest = over - level
    first -= level * (first > second) + rest // 2
    second -= level * (len(parts[1]) >= len(parts[0])) + rest - rest // 2
    ids = [BOS, *parts[0][: max(first, 0)], *[EOS] * ends]
    return Frame([*ids, *parts[1][: max(second, 0)], EOS], len(ids))


def collate(frames: Sequence[Frame]) -> Batch:
    """Rows of unequal length, padded on the right."""
    tokens = pad([row.ids for row in frames])
    real = ok(tokens)
    second = torch.tensor([row.second for row in frames])
    segments = (torch.arange(tokens.size(1)) >= second[:, None]) & real
    return Batch(tokens, real, segments.long())


def lengths(frames: Sequence[Frame]) -> np.ndarray:
    """Tokens of each row, (N, 1)."""
    return np.array([[len(row.ids)] for row in frames], np.int64).reshape(-1, 1)
