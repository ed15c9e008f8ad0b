"""Pairs read apart (a bi-encoder): a vector for each text; what is the same lies in one direction.

Sentence-BERT, Reimers & Gurevych 2019, section 3 (https://arxiv.org/abs/1908.10084). `N` rows, `W`
width of a vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor

from regard.data import paired
from regard.data.batching import waste
from regard.data.paired import Paired
from regard.data.reading import Batch
from regard.evaluate import classes
from regard.evaluate.pairs import auc
from regard.models import pooled
from regard.models.tuning.full import Config as Full
from regard.models.vectors import Direction
from regard.recipe import Lazy, Part
from regard.run import Run
from regard.tasks import starting
from regard.tasks.base import Dev
from regard.tasks.labelling import keep
from regard.tasks.loading import filled, seeded, spread
from regard.tasks.objective.base import Loss
from regard.tasks.pair_scorer import PairScorer, line, opened
from regard.tasks.seen import Seen, said


class Config(starting.Starting):
    """A recipe for an encoder of texts whose vectors tell whether two are the same thing.

    `view`: how a text is laid before it. `start`: a run whose encoder was trained before. `width`
    of a vector. `dev_rows`: how many are answered while training (0: all).
    """

    verb = "pairs"
    task: Literal["pairs"] = "pairs"
    data: paired.Config
    model: pooled.Config = pooled.Config()
    view: Annotated[Any, Part("tasks.view", default="text")] = "text"
    tuning: Annotated[Any, Part("models.tuning", default="full")] = Full()
    width: int = 128
    contrast: Annotated[Any, Part("tasks.contrast", default="in_batch")] = "in_batch"
    negatives: Annotated[Any, Part("tasks.negatives", default="random")] = "random"
    train: Annotated[Any, Lazy("train.config")] = {}  # noqa: RUF012
    dev_rows: int = 0

    def begin(self, run: Run) -> "Pairs":
        """The task as the loop trains it."""
        return Pairs(self, run)

    def build(self, vocabulary: int, labels: Sequence[str] = ()) -> pooled.Pooled:
        """The model, freshly initialised from the seed."""
        with seeded(self.seed):
            model = self.model.pooled(vocabulary, lambda dim: Direction(dim, self.width))
            self.tuning.apply(model, "reader")
        return model

    def open(self, run: Run, device: str = "cpu") -> PairScorer:
        """The trained encoder, to be used."""
        return opened(self, run, device)


@dataclass
class Sides:
    """Both texts of some rows, one side after the other; whether they are the same; groups."""

    read: Batch  # 2N rows
    same: Tensor  # N
    groups: Tensor  # N 2

    def to(self, device: torch.device | str) -> "Sides":
        """The batch on another device."""
        return Sides(self.read.to(device), self.same.to(device), self.groups.to(device))


class Pairs:
    """See `tasks.base.Task`."""

    blocks = 1

    def __init__(self, recipe: Config, run: Run):
        self.recipe, self.run = recipe, run
        data, view = recipe.data, recipe.view
        rows = data.paired("train")
        self.labels = sorted({row.label for row in rows}, key=lambda label: label == data.same)
        self.read_rows = len(rows)
        wanted = [row for row in rows if row.label == data.same or not recipe.contrast.only_same]
        self.rows = drawn(wanted, data.most, recipe.seed)
        self.dev_rows = spread(data.paired("dev"), recipe.dev_rows)
        texts = list(dict.fromkeys(text for row in rows for text in row.texts))
        self.tokenizer = starting.tokens(recipe, run, lambda: [view.text(text) for text in texts])
        sides = [(row.texts[side],) for side in (0, 1) for row in self.rows]
        self.seen = Seen(view, self.tokenizer, sides, data.max_length, recipe.seed)
        self.same = torch.tensor([row.label == data.same for row in self.rows])
        self.groups = numbered(self.rows)
        self.sizes = self.seen.lengths.reshape(2, -1).T  # N 2
        self.known = recipe.negatives.learn(self.tokens(), self.tokenizer.size)
        self.model = recipe.build(self.tokenizer.size)
        starting.begin(self.model, recipe, run)

    def tokens(self) -> list[np.ndarray]:
        """The ids of both texts of each row."""
        ids, N = [frame.ids for frame in self.seen.frames], len(self.rows)
        return [np.array([*ids[i], *ids[i + N]]) for i in range(N)]

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of a turn, in order."""
        return self.recipe.negatives.batches(self.sizes, self.known, budget, self.recipe.seed, turn)

    def batch(self, rows: np.ndarray, turn: int) -> Sides:
        """These rows, padded."""
        read = self.seen.batch(np.concatenate([rows, rows + len(self.rows)]), turn)
        return Sides(read, self.same[rows], self.groups[rows])

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """Rows."""
        return len(rows)

    def loss(self, batch: Sides) -> Loss:
        """The contrast's."""
        aux: list[Tensor] = []
        a, b = said(self.recipe.view, self.model, batch.read, aux).chunk(2)
        loss = self.recipe.contrast.loss(a, b, batch.same, batch.groups)
        return Loss(loss + sum(aux) * len(a), {"loss": loss.detach()})

    def dev(self, device: torch.device) -> Dev:
        """How well cosines tell the dev pairs apart: AUC, and accuracy at the best line."""
        training = self.model.training
        cosines, same = self.judged()
        self.model.train(training)
        found = line(cosines, same)
        answers = [self.labels[int(x >= found.threshold)] for x in cosines]
        references = [row.label for row in self.dev_rows]
        shown = {
            "dev_auc": auc(cosines, same), "dev_accuracy": classes.accuracy(answers, references),
            "dev_threshold": found.threshold,
        }  # fmt: skip
        samples = [
            {"source": " | ".join(row.texts), "output": answer, "reference": row.label}
            for row, answer in zip(self.dev_rows, answers, strict=True)
        ]
        return Dev(shown["dev_auc"], shown, samples[:: max(1, len(samples) // 3)][:3])

    def judged(self) -> tuple[np.ndarray, np.ndarray]:
        """Cosines of the dev pairs, and which of them are the same."""
        used = PairScorer(self.recipe, self.model, self.tokenizer, self.labels)
        same = np.array([row.label == self.recipe.data.same for row in self.dev_rows])
        return used.similarity([row.texts for row in self.dev_rows]), same

    def save(self, folder: Path) -> None:
        """The tokenizer and the labels."""
        self.tokenizer.save(folder)
        keep(self.labels, folder)

    def facts(self) -> dict[str, Any]:
        """Rows, vocabulary, padding; and where the line is drawn with the weights that are used."""
        batches = self.batches(self.recipe.train.batch_tokens, 0)
        told: dict[str, Any] = {
            "labels": self.labels, "train_rows": self.read_rows, "learnt_from": len(self.rows),
            "rows_of_a_batch": round(len(self.rows) / len(batches)),
            "dev_rows": len(self.dev_rows),
            "vocabulary": [self.tokenizer.size], "padding": round(waste(batches, self.sizes), 4),
        }  # fmt: skip
        if self.run.model.exists():
            filled(self.model, self.run.model)
            cosines, same = self.judged()
            told |= line(cosines, same)._asdict()
        return told


def drawn(rows: Sequence[Paired], most: int, seed: int) -> list[Paired]:
    """`most` of them (0: all), the same for the same seed."""
    if not most or len(rows) <= most:
        return list(rows)
    chosen = np.random.default_rng(seed).permutation(len(rows))[:most]
    return [rows[i] for i in sorted(chosen)]


def numbered(rows: Sequence[Paired]) -> Tensor:
    """A number for the group of each text, N 2; of rows that tell none, each is its own."""
    given: dict[Any, int] = {}
    found = []
    for i, row in enumerate(rows):
        names: Any = row.groups or ((i, 0), (i, 1))
        found.append([given.setdefault(name, len(given)) for name in names])
    return torch.tensor(found)
