"""Rows as a model sees them in training, and everything that a model is to say of rows.

`N` rows, `C` numbers that a model gives for each.
"""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from regard.data.reading import Batch, Texts, lengths
from regard.data.tokenizer.base import Tokenizer
from regard.tasks.view.base import ViewConfig
from regard.tasks.workers import BATCH, batches


class Seen:
    """Rows of texts in a view; it may show them, or the tokenizer cut them, otherwise each turn."""

    def __init__(
        self, view: ViewConfig, tokenizer: Tokenizer, rows: Sequence[Texts], longest: int, seed: int
    ):
        self.view, self.tokenizer, self.rows = view, tokenizer, rows
        self.longest, self.seed = longest, seed
        self.frames = view.frames(tokenizer, rows, longest)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each row, (N, 1)."""
        return lengths(self.frames)

    def batch(self, numbers: Sequence[int] | np.ndarray, turn: int) -> Batch:
        """Some of the rows, padded."""
        return self.view.collate([self.frame(int(i), turn) for i in numbers])

    def frame(self, number: int, turn: int) -> Any:
        """A row as it is seen in this turn."""
        if not (self.view.varied or getattr(self.tokenizer.facts, "dropout", 0.0) > 0):
            return self.frames[number]
        rng = random.Random(f"{self.seed} {turn} {number}")
        return self.view.frames(self.tokenizer, [self.rows[number]], self.longest, rng)[0]


def said(
    view: ViewConfig, model: nn.Module, batch: Batch, aux: list[Tensor] | None = None
) -> Tensor:
    """What a model gives for a batch, N C."""
    return model(batch.tokens, batch.ok, batch.segments, rules=view.rules(batch), aux=aux).float()


@torch.inference_mode()
def all_said(
    view: ViewConfig, model: nn.Module, frames: Sequence[Any], budget: int = BATCH
) -> Tensor:
    """What a model gives for every row (N C), on the CPU."""
    device = next(model.parameters()).device
    found: list[Any] = [None] * len(frames)
    for chosen in batches([len(row.ids) for row in frames], 1, budget):
        read = view.collate([frames[i] for i in chosen]).to(device)
        for i, row in zip(chosen, said(view, model, read).cpu(), strict=True):
            found[i] = row
    return torch.stack(found) if found else torch.zeros(0, 1)
