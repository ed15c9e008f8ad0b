"""Denoising: a text is spoilt, an encoder-decoder writes what it was, and translators start there.

T5, Raffel et al. 2020 (https://arxiv.org/abs/1910.10683), and BART, Lewis et al. 2020
(https://arxiv.org/abs/1910.13461), by what `noising` says. `N` rows, `S` tokens.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field

from regard.data import mono, parallel
from regard.data.batching import plan, waste
from regard.data.encoded import Pair as Stores
from regard.data.store import Store
from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import EOS, PAD, Tokenizer
from regard.models import seq2seq
from regard.recipe import Lazy, Part, UserError
from regard.run import Run
from regard.tasks import starting_translator
from regard.tasks.base import Dev
from regard.tasks.hiding import DEV, sample
from regard.tasks.loading import seeded
from regard.tasks.noising.base import Known, Pair
from regard.tasks.objective.base import Loss
from regard.tasks.objective.likelihood import taught
from regard.train.loss import smoothed

ENDS = (".", "!", "?", "…", "。", "！", "？")


class Config(starting_translator.Starting):
    """A recipe for pre-training an encoder-decoder; translators start from it.

    `noising`: what is done to a text, one after the other. `start`: a run to go on from, on texts
    of one's own.
    """

    task: Literal["denoise"] = "denoise"
    data: mono.Config
    model: seq2seq.Config = seq2seq.Config()
    noising: tuple[Annotated[Any, Part("tasks.noising")], ...] = Field(min_length=1)
    train: Annotated[Any, Lazy("train.config")] = {}  # noqa: RUF012

    def begin(self, run: Run) -> "Denoise":
        """The task as the loop trains it."""
        return Denoise(self, run)

    def build(self, vocabulary: int) -> seq2seq.Seq2Seq:
        """The model, freshly initialised from the seed."""
        with seeded(self.seed):
            return self.model.build(vocabulary, vocabulary)

    @property
    def specials(self) -> list[str]:
        """Names of the tokens that the noise puts in."""
        found = [name for kind in self.noising for name in kind.specials(self.data.max_length - 1)]
        return list(dict.fromkeys(found))


class Denoise:
    """See `tasks.base.Task`. What is spoilt is a function of the seed and the turn."""

    blocks = 1

    def __init__(self, recipe: Config, run: Run):
        self.recipe = recipe
        for part in recipe.data.parts:
            if len(part.columns) > 1:
                raise UserError(f"data.parts: denoise takes one column, not {part.column}")
        splits = recipe.data.splits()
        if run.tokenizer.exists():
            self.tokenizer: Tokenizer = tokenizer.load(run.tokenizer)
        elif recipe.start is not None:
            self.tokenizer = starting_translator.one_tokenizer(recipe.start)
        else:
            self.tokenizer = recipe.data.tokenizer.train(sample(splits), recipe.specials)
        rows = [self.rows([text for (text,) in split.train]) for split in splits]
        self.sizes = [len(part) for part in rows]
        self.train_rows = [row for part in rows for row in part]
        self.dev_rows = [row for split in splits for row in self.rows([t for (t,) in split.dev])]
        self.at_hand: tuple[int, Stores] | None = None
        self.model = recipe.build(self.tokenizer.size)
        starting_translator.begin(self.model, recipe, run)

    def rows(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids without eos."""
        data = self.recipe.data
        cut = mono.cut(self.tokenizer.encode(texts), data.max_length - 1, data.pack)
        return [np.array(row, np.int32) for row in cut if row]

    @cached_property
    def known(self) -> Known:
        """What the noise wants to know of the tokens."""
        spelt = [piece.decode("utf-8", "replace") for piece in self.tokenizer.bytes_of]
        begins = np.array([piece[:1].isspace() for piece in spelt])
        ends = np.array([piece.endswith(ENDS) for piece in spelt])
        ids = {name: self.tokenizer.special(name) for name in self.recipe.specials}
        return Known(ids, begins, ends)

    def noised(self, rows: Sequence[np.ndarray], rng: np.random.Generator) -> Stores:
        """What is read and what is to be written, with eos."""
        pairs = []
        for row in rows:
            pair = Pair(row, row)
            for noise in self.recipe.noising:
                pair = noise(pair, self.known, rng)
            pairs.append(pair)
        source, target = (
            Store.of([[*side.tolist(), EOS] for side in sides])
            for sides in zip(*pairs, strict=True)
        )
        return source, target

    def turn(self, number: int) -> Stores:
        """The rows of a turn, by temperature, spoilt anew; kept while it is at hand."""
        if self.at_hand is None or self.at_hand[0] != number:
            rng = np.random.default_rng([self.recipe.seed, number, 1])
            drawn = mono.drawn(self.sizes, self.recipe.data.temperature, rng)
            self.at_hand = number, self.noised([self.train_rows[i] for i in drawn], rng)
        return self.at_hand[1]

    @cached_property
    def dev_turn(self) -> Stores:
        """The dev rows, spoilt in the same way every time."""
        return self.noised(self.dev_rows, np.random.default_rng([self.recipe.seed, DEV, 1]))

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of a turn, in order."""
        return plan(lengths(self.turn(turn)), budget, seed=self.recipe.seed, epoch=turn)

    def batch(self, rows: np.ndarray, turn: int) -> parallel.Batch:
        """These rows of the turn, padded."""
        return batch(self.turn(turn), rows)

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """Target tokens."""
        return int(self.turn(turn)[1].lengths[rows].sum())

    def loss(self, batch: parallel.Batch) -> Loss:
        """Cross-entropy of the target tokens, summed."""
        hidden, target, extra = taught(self.model, batch)
        total, plain = smoothed(hidden, self.model.head, target)
        return Loss(total + extra, {"nll": plain})

    @torch.inference_mode()
    def dev(self, device: torch.device) -> Dev:
        """Share of target tokens that are told, given those before, in percent; their mean loss."""
        training = self.model.training
        self.model.eval()
        right, nll, count = 0, 0.0, 0
        for rows in plan(lengths(self.dev_turn), 2048, seed=0, epoch=0):
            one = batch(self.dev_turn, rows).to(device)
            real = one.target_out != PAD
            hidden = self.model.teach(one.source, one.source_ok, one.target_in, real)[real]
            target = one.target_out[real]
            nll += float(smoothed(hidden, self.model.head, target)[1])
            right += int((self.model.logits(hidden).argmax(-1) == target).sum())
            count += len(target)
        self.model.train(training)
        accuracy = 100 * right / count
        return Dev(accuracy, {"dev_nll": nll / count, "dev_accuracy": accuracy})

    def save(self, folder: Path) -> None:
        """The tokenizer."""
        self.tokenizer.save(folder)

    def facts(self) -> dict[str, Any]:
        """Rows, vocabulary, padding."""
        turn = self.at_hand[0] if self.at_hand else 0
        batches = self.batches(self.recipe.train.batch_tokens, turn)
        return {
            "train_rows": len(self.train_rows), "dev_rows": len(self.dev_rows),
            "vocabulary": [self.tokenizer.size],
            "padding": round(waste(batches, lengths(self.turn(turn))), 4),
        }  # fmt: skip


def lengths(pair: Stores) -> np.ndarray:
    """Tokens of either side of each row, (rows, 2)."""
    return np.stack([side.lengths for side in pair], 1)


def batch(pair: Stores, rows: np.ndarray) -> parallel.Batch:
    """Some of these rows, padded."""
    source, target = (torch.from_numpy(side.padded(rows)) for side in pair)
    return parallel.framed(source, target)
