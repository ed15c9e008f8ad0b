"""Which rows go together: blocks of a corpus, and batches of a block, anew each epoch.

Shapes: `N` rows, `B` rows of a batch, `T` the longest row of a batch.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

BLOCK = 500_000  # rows that are in memory and planned together
STRETCH = 1000  # neighbours that are read together, so that a disk is not asked for single rows
STRIPS = 1.75  # strips for each square root of the number of batches; set by measuring waste

Stretch = tuple[int, int]  # the first row, and the one behind the last


def blocks_of(rows: int) -> int:
    """Into how many blocks so many rows are divided."""
    return max(-(-rows // BLOCK), 1)


def stretches(rows: int, *, seed: int, turn: int) -> list[Stretch]:
    """The rows of one block, taken from everywhere, as stretches of neighbours in their order.

    All blocks of an epoch together have every row once; other epochs have other blocks.
    """
    blocks = blocks_of(rows)
    if blocks == 1:
        return [(0, rows)]
    epoch, block = divmod(turn, blocks)
    order = np.random.default_rng([seed, epoch, blocks]).permutation(-(-rows // STRETCH))
    starts = (np.sort(order[block::blocks]) * STRETCH).tolist()
    return [(start, min(start + STRETCH, rows)) for start in starts]


def plan(
    lengths: np.ndarray, budget: int, *, seed: int, epoch: int, rows_max: int | None = None
) -> list[np.ndarray]:
    """Batches of row indices, every row once, the same for the same seed and epoch.

    `lengths`: (N, sides) tokens of each row, both sides of a pair or one. A batch has
    rows * longest side <= `budget`; a row longer than that is a batch alone.
    """
    if not len(lengths):
        return []
    rng = np.random.default_rng([seed, epoch])
    order = arrange(lengths, budget, rng)
    size = np.maximum(lengths.max(1), 1)[order]
    cap = min(budget, rows_max or budget)
    batches, start = [], 0
    while start < len(order):
        # With the rows taken so far no longer than the first, this many would fit at most.
        most = min(max(budget // int(size[start]), 1), cap)
        longest = np.maximum.accumulate(size[start : start + most])
        fits = int(np.searchsorted(longest * np.arange(1, len(longest) + 1), budget, "right"))
        batches.append(order[start : start + max(fits, 1)])
        start += max(fits, 1)
    return [batches[i] for i in rng.permutation(len(batches))]


def arrange(lengths: np.ndarray, budget: int, rng: np.random.Generator) -> np.ndarray:
    """All rows (N,) in an order in which neighbours are alike on both sides.

    Rows sorted by one side are cut into strips, each sorted by the other side, up and down in turn.
    Chance decides which side comes first, where the cuts lie and how equals are ordered, so that a
    row meets others every epoch.
    """
    blurred = lengths + rng.random(lengths.shape)
    first = int(rng.integers(lengths.shape[1]))
    outer, inner = blurred[:, first], blurred[:, first - 1]
    strips = max(round(STRIPS * (lengths.max(1).sum() / budget) ** 0.5), 1)
    at = (np.arange(strips) + rng.random()) / strips * len(lengths)
    edges = np.sort(outer)[at.astype(np.int64)]
    strip = np.searchsorted(edges, outer, "right")
    within = inner / (inner.max() + 1)  # in (0, 1), so that one key sorts by both
    return np.argsort(strip + np.where(strip % 2, 1 - within, within), kind="stable")


def waste(batches: Sequence[np.ndarray], lengths: np.ndarray) -> float:
    """Share of padding in what all batches hold, both sides together."""
    held = sum(len(rows) * int(lengths[rows].max(0).sum()) for rows in batches)
    return 1 - float(lengths.sum()) / held if held else 0.0


def pad(rows: Sequence[Sequence[int] | np.ndarray], pad: int = 0, left: bool = False) -> Tensor:
    """Rows of unequal length as one int64 tensor (B, T), filled up on the right (or left)."""
    lengths = np.array([len(row) for row in rows], np.int64)
    at = np.arange(lengths.max(initial=0))
    filled = np.full((len(rows), len(at)), pad, np.int64)
    inside = at < lengths[:, None]
    if lengths.sum():
        filled[inside[:, ::-1] if left else inside] = np.concatenate(rows)
    return torch.from_numpy(filled)


def ok(tokens: Tensor, pad: int = 0) -> Tensor:
    """Where there is a token and no padding: bool, of the shape of `tokens`."""
    return tokens.ne(pad)
