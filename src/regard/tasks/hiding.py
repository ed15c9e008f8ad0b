"""What pre-training tasks share: texts as rows, and which of their tokens are chosen, anew each
turn.

`N` rows, `S` tokens. What is chosen is a function of seed, turn and row alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from regard.data import mono
from regard.data.batching import plan, waste
from regard.data.reading import Batch, Frame, collate
from regard.data.tokenizer.base import BOS, EOS
from regard.run import Run
from regard.tasks import starting

MASK = "<mask>"
DEV = 1 << 20  # stands for the turn of what is chosen in dev rows
SAMPLE = 500_000  # texts that a tokenizer is learnt from


@dataclass
class Hidden(Batch):
    """Rows in which chosen tokens were replaced."""

    was: Tensor  # N S, as they were
    chosen: Tensor  # N S, True = to be told


class Hiding:
    """A task over texts; a kind adds `corrupted`, `loss` and `dev`."""

    blocks = 1
    tokenizer: Any

    def __init__(self, recipe: Any, run: Run):
        self.recipe = recipe
        split = [mono.parted(texts, recipe.data.held) for texts in recipe.data.texts()]
        self.tokenizer = starting.tokens(
            recipe, run, lambda: [x for train, _ in split for x in train][:SAMPLE], (MASK,)
        )
        self.first = len(self.tokenizer.facts.specials)  # the first id that is no special
        rows = [self.rows(train) for train, _ in split]
        self.sizes = [len(part) for part in rows]
        self.train_rows = [row for part in rows for row in part]
        self.dev_rows = [row for _, dev in split for row in self.rows(dev)]
        self.turns: dict[int, np.ndarray] = {}  # of the turn at hand: which row each number is

    def rows(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids without bos and eos."""
        data = self.recipe.data
        encoded = self.tokenizer.encode(texts)
        return [np.array(row) for row in mono.cut(encoded, data.max_length - 2, data.pack) if row]

    @cached_property
    def begins(self) -> np.ndarray:
        """Does this token begin a word? By id."""
        return np.array([not spelt or spelt[:1].isspace() for spelt in self.tokenizer.bytes_of])

    def numbers(self, turn: int) -> np.ndarray:
        """The rows of a turn, by temperature."""
        if turn not in self.turns:
            rng = np.random.default_rng([self.recipe.seed, turn, 1])
            self.turns = {turn: mono.drawn(self.sizes, self.recipe.data.temperature, rng)}
        return self.turns[turn]

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of a turn, in order."""
        return plan(self.lengths(turn), budget, seed=self.recipe.seed, epoch=turn)

    def lengths(self, turn: int) -> np.ndarray:
        """Tokens of the rows of a turn, (rows, 1)."""
        sizes = np.array([len(row) + 2 for row in self.train_rows])
        return sizes[self.numbers(turn)][:, None]

    def batch(self, rows: np.ndarray, turn: int) -> Hidden:
        """These rows of the turn, hidden anew."""
        chosen = self.numbers(turn)[rows]
        return self.hidden([self.train_rows[i] for i in chosen], turn, rows)

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """Tokens to be told."""
        return int(self.batch(rows, turn).chosen.sum())

    def hidden(self, rows: Sequence[np.ndarray], turn: int, numbers: np.ndarray) -> Hidden:
        """Rows with chosen tokens replaced."""
        frames, was, where = [], [], []
        for row, number in zip(rows, numbers, strict=True):
            rng = np.random.default_rng([self.recipe.seed, turn, number])
            starts = self.begins[row]
            starts[0] = True
            mine = self.recipe.masking.chosen(starts, rng)
            new = row.copy()
            new[mine] = self.corrupted(row[mine], rng)
            frames.append(Frame([BOS, *new, EOS], len(row) + 2))
            was.append(Frame([BOS, *row, EOS], len(row) + 2))
            where.append(Frame([0, *mine, 0], len(row) + 2))
        read = collate(frames)
        return Hidden(
            read.tokens, read.ok, read.segments, collate(was).tokens, collate(where).tokens.bool()
        )

    def corrupted(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What the chosen tokens (m,) become."""
        raise NotImplementedError

    def dev_batches(self) -> Iterator[Hidden]:
        """The dev rows, the same tokens of them every time."""
        sizes = np.array([[len(row) + 2] for row in self.dev_rows])
        for rows in plan(sizes, 4096, seed=0, epoch=0):
            yield self.hidden([self.dev_rows[i] for i in rows], DEV, rows)

    def save(self, folder: Path) -> None:
        """The tokenizer."""
        self.tokenizer.save(folder)

    def facts(self) -> dict[str, Any]:
        """Rows, vocabulary, padding."""
        batches = self.batches(self.recipe.train.batch_tokens, 0)
        return {
            "train_rows": len(self.train_rows), "dev_rows": len(self.dev_rows),
            "vocabulary": [self.tokenizer.size],
            "padding": round(waste(batches, self.lengths(0)), 4),
        }  # fmt: skip
