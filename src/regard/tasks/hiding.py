"""What pre-training tasks share: texts as rows, and which of their tokens are to be told, chosen
anew each turn.

`N` rows of a batch, `S` tokens; `n` tokens of a turn, whose rows lie one behind the other. All
that is chosen is a function of the seed and the turn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from regard.data import mono
from regard.data.batching import ok, pad, plan, waste
from regard.data.mono import Split
from regard.data.reading import Batch, Texts, framed
from regard.data.tokenizer.base import BOS, EOS
from regard.recipe import UserError
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


@dataclass
class Turn:
    """The rows of a turn: as they are, and as they are read."""

    begin: np.ndarray  # rows + 1: where each begins, and the last one ends
    was: np.ndarray  # n
    tokens: np.ndarray  # n, chosen ones replaced
    chosen: np.ndarray  # n
    second: np.ndarray  # n, True = of the second text of a row

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each row, (rows, 1)."""
        return np.diff(self.begin)[:, None]

    @cached_property
    def counts(self) -> np.ndarray:
        """Tokens to be told of each row."""
        return np.add.reduceat(self.chosen, self.begin[:-1], dtype=np.int64)

    def batch(self, rows: np.ndarray) -> Hidden:
        """These rows, padded."""
        where = [slice(self.begin[i], self.begin[i + 1]) for i in rows]
        tokens, second, was, chosen = (
            pad([values[one] for one in where])
            for values in (self.tokens, self.second, self.was, self.chosen)
        )
        return Hidden(tokens, ok(tokens), second, was, chosen.bool())


class Rows(NamedTuple):
    """Framed token ids of all corpora, and how many rows are of each."""

    ids: list[np.ndarray]
    sizes: list[int]

    @classmethod
    def of(cls, parts: Sequence[list[np.ndarray]]) -> "Rows":
        """One behind the other."""
        return cls([row for part in parts for row in part], [len(part) for part in parts])


class Hiding:
    """A task over texts; a kind adds `corrupted`, `loss` and `dev`."""

    blocks = 1
    tokenizer: Any

    def __init__(self, recipe: Any, run: Run):
        self.recipe = recipe
        splits = recipe.data.splits()
        self.tokenizer = starting.tokens(recipe, run, lambda: sample(splits), (MASK,))
        if MASK not in self.tokenizer.facts.specials:
            raise UserError(f"start: the tokenizer of {recipe.start} has no {MASK}")
        self.mask = self.tokenizer.special(MASK)
        self.train_rows = Rows.of([self.rows(split.train) for split in splits])
        self.dev_rows = Rows.of([self.rows(split.dev) for split in splits])
        self.at_hand: tuple[int, Turn] | None = None

    @property
    def room(self) -> int:
        """Tokens of a text that a row can have."""
        return self.recipe.data.max_length - 2

    def rows(self, texts: Sequence[Texts]) -> list[np.ndarray]:
        """Token ids of one corpus's rows, framed."""
        data = self.recipe.data
        if len(texts[0]) == 2:
            frames = framed(self.tokenizer, texts, data.max_length)
            return [np.array(frame.ids, np.int32) for frame in frames]
        encoded = self.tokenizer.encode([text for (text,) in texts])
        cut = mono.cut(encoded, self.room, data.pack)
        return [np.array([BOS, *row, EOS], np.int32) for row in cut if row]

    @cached_property
    def begins(self) -> np.ndarray:
        """Does this token begin a word? By id."""
        return np.array([not spelt or spelt[:1].isspace() for spelt in self.tokenizer.bytes_of])

    def turn(self, number: int) -> Turn:
        """The rows of a turn, by temperature; kept while it is at hand."""
        if self.at_hand is None or self.at_hand[0] != number:
            rng = np.random.default_rng([self.recipe.seed, number, 1])
            drawn = mono.drawn(self.train_rows.sizes, self.recipe.data.temperature, rng)
            self.at_hand = number, self.laid(self.train_rows, drawn, rng)
        return self.at_hand[1]

    @cached_property
    def dev_turn(self) -> Turn:
        """The dev rows, the same tokens of them every time."""
        rng = np.random.default_rng([self.recipe.seed, DEV, 1])
        return self.laid(self.dev_rows, np.arange(len(self.dev_rows.ids)), rng)

    def laid(self, rows: Rows, numbers: np.ndarray, rng: np.random.Generator) -> Turn:
        """These of the rows, with tokens replaced."""
        return self.hidden([rows.ids[i] for i in numbers], rng)

    def hidden(self, rows: Sequence[np.ndarray], rng: np.random.Generator) -> Turn:
        """Rows with chosen tokens replaced; bos and eos never are."""
        was = np.concatenate(rows)
        begin = np.cumsum([0, *map(len, rows)])
        ends = was == EOS
        text = (was != BOS) & ~ends
        lengths = np.add.reduceat(text, begin[:-1], dtype=np.int64)
        starts = self.begins[was] | np.append(False, ~text[:-1])
        chosen = np.zeros(len(was), bool)
        chosen[text] = self.recipe.masking.chosen(starts[text], lengths, rng)
        tokens = was.copy()
        tokens[chosen] = self.corrupted(was[chosen], rng)
        ended = np.cumsum(ends) - ends  # texts that end before a token
        second = ended > np.repeat(ended[begin[:-1]], np.diff(begin))
        return Turn(begin, was, tokens, chosen, second)

    def corrupted(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What the chosen tokens (m,) become."""
        raise NotImplementedError

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of a turn, in order."""
        return plan(self.turn(turn).lengths, budget, seed=self.recipe.seed, epoch=turn)

    def batch(self, rows: np.ndarray, turn: int) -> Hidden:
        """These rows of the turn."""
        return self.turn(turn).batch(rows)

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """Tokens to be told."""
        return int(self.turn(turn).counts[rows].sum())

    def dev_batches(self, device: torch.device) -> Iterator[Hidden]:
        """The dev rows."""
        for rows in plan(self.dev_turn.lengths, 4096, seed=0, epoch=0):
            yield self.dev_turn.batch(rows).to(device)

    def save(self, folder: Path) -> None:
        """The tokenizer."""
        self.tokenizer.save(folder)

    def facts(self) -> dict[str, Any]:
        """Rows, vocabulary, padding."""
        batches = self.batches(self.recipe.train.batch_tokens, 0)
        return {
            "train_rows": len(self.train_rows.ids), "dev_rows": len(self.dev_rows.ids),
            "vocabulary": [self.tokenizer.size],
            "padding": round(waste(batches, self.turn(0).lengths), 4),
        }  # fmt: skip


def sample(splits: Sequence[Split]) -> list[str]:
    """Training texts for a tokenizer, as many of each corpus as there is room for."""
    room = SAMPLE // len(splits)
    return [text for split in splits for row in split.train[:room] for text in row]
