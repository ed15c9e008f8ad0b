"""Classification: texts, or pairs of them, in; labels, stars or numbers out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor

from regard.data import labelled
from regard.data.batching import plan, waste
from regard.data.labelled import Labelled, labels_of
from regard.data.reading import Batch
from regard.data.tokenizer.base import Tokenizer
from regard.evaluate import classes
from regard.models import pooled
from regard.models.tuning.full import Config as Full
from regard.recipe import Lazy, Part, UserError
from regard.run import Run
from regard.tasks import starting
from regard.tasks.base import Dev
from regard.tasks.classifier import Classifier
from regard.tasks.judging import number, numbered
from regard.tasks.labelling import keep, known, opened
from regard.tasks.loading import seeded, spread
from regard.tasks.objective.base import Loss
from regard.tasks.seen import Seen, said


class Config(starting.Starting):
    """A recipe for a classifier of texts, or of pairs read together (a cross-encoder).

    `view`: how its texts are laid before it. `start`: a run whose encoder was trained before.
    `balanced`: every label weighs as much as any other, however often it is. `dev_rows`: how many
    are answered while training (0: all).
    """

    verb = "classify"
    task: Literal["classify"] = "classify"
    data: labelled.Config
    model: pooled.Config = pooled.Config()
    view: Annotated[Any, Part("tasks.view", default="text")] = "text"
    tuning: Annotated[Any, Part("models.tuning", default="full")] = Full()
    readout: Annotated[Any, Part("tasks.readout", default="softmax")] = "softmax"
    balanced: bool = False
    train: Annotated[Any, Lazy("train.config")] = {}  # noqa: RUF012
    dev_rows: int = 0

    def begin(self, run: Run) -> "Classify":
        """The task as the loop trains it."""
        return Classify(self, run)

    def build(self, vocabulary: int, labels: Sequence[str]) -> pooled.Pooled:
        """The model, freshly initialised from the seed."""
        with seeded(self.seed):
            model = self.model.pooled(vocabulary, lambda dim: self.readout.head(dim, labels))
            self.tuning.apply(model, "reader")
        return model

    def open(self, run: Run, device: str = "cpu") -> Classifier:
        """The trained classifier, to be used."""
        return opened(Classifier, self, run, device)


@dataclass
class Taught:
    """Rows with what their answers should be: label numbers, or values."""

    read: Batch
    target: Tensor  # N

    def to(self, device: torch.device | str) -> "Taught":
        """The batch on another device."""
        return Taught(self.read.to(device), self.target.to(device))


class Classify:
    """See `tasks.base.Task`."""

    blocks = 1

    def __init__(self, recipe: Config, run: Run):
        self.recipe = recipe
        rows = recipe.data.drawn(recipe.seed)
        self.dev_rows = spread(recipe.data.rows("dev"), recipe.dev_rows)
        self.tokenizer: Tokenizer = starting.tokens(
            recipe, run, lambda: [recipe.view.text(text) for row in rows for text in row.texts]
        )
        self.labels = known(run) or labels_of(rows)
        self.seen = Seen(
            recipe.view, self.tokenizer, [row.texts for row in rows], recipe.data.max_length,
            recipe.seed,
        )  # fmt: skip
        self.targets = self.numbered(rows)
        self.model = recipe.build(self.tokenizer.size, self.labels)
        starting.begin(self.model, recipe, run)
        self.weights = self.weighted() if recipe.balanced else None

    def numbered(self, rows: Sequence[Labelled]) -> Tensor:
        """What the loss wants of these rows' labels. Raises UserError for an unknown one."""
        if self.recipe.readout.numeric:
            return torch.tensor([number(row.label) for row in rows])
        return torch.tensor(numbered([row.label for row in rows], self.labels))

    def weighted(self) -> Tensor:
        """What each label weighs, so that all together weigh as much as all rows."""
        if self.recipe.readout.numeric:
            raise UserError("balanced: the answers are numbers; it is for labels")
        count = torch.bincount(self.targets, minlength=len(self.labels))
        return len(self.targets) / (len(self.labels) * count.clamp_min(1))

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of a turn, in order."""
        return plan(self.seen.lengths, budget, seed=self.recipe.seed, epoch=turn)

    def batch(self, rows: np.ndarray, turn: int) -> Taught:
        """These rows, padded."""
        return Taught(self.seen.batch(rows, turn), self.targets[rows])

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """Rows."""
        return len(rows)

    def loss(self, batch: Taught) -> Loss:
        """The readout's."""
        aux: list[Tensor] = []
        scores = said(self.recipe.view, self.model, batch.read, aux)
        weights = None if self.weights is None else self.weights.to(scores.device)
        loss = self.recipe.readout.loss(scores, batch.target, weights)
        return Loss(loss + sum(aux) * len(scores), {"loss": loss.detach()})

    def dev(self, device: torch.device) -> Dev:
        """Accuracy (of numbers: correlation), and what else tells how good the answers are."""
        training = self.model.training
        used = Classifier(self.recipe, self.model, self.tokenizer, self.labels)
        scores = used.scores([row.texts for row in self.dev_rows])
        target = self.numbered(self.dev_rows)
        loss = self.recipe.readout.loss(scores, target, None) / len(target)
        found = used.judged(scores)
        self.model.train(training)
        shown = {"dev_loss": float(loss)}
        answers = [one.label for one in found]
        if self.recipe.readout.numeric:
            values = [one.value for one in found]
            shown["dev_pearson"] = 100 * classes.pearson(values, target.tolist())
            shown["dev_spearman"] = 100 * classes.spearman(values, target.tolist())
        else:
            references = [row.label for row in self.dev_rows]
            shown["dev_accuracy"] = classes.accuracy(answers, references)
            shown["dev_f1"] = classes.macro_f1(answers, references)
        samples = [
            {"source": " | ".join(row.texts), "output": one.label, "reference": row.label}
            for row, one in zip(self.dev_rows, found, strict=True)
        ]
        return Dev(list(shown.values())[1], shown, samples[:: max(1, len(samples) // 3)][:3])

    def save(self, folder: Path) -> None:
        """The tokenizer and the labels."""
        self.tokenizer.save(folder)
        keep(self.labels, folder)

    def facts(self) -> dict[str, Any]:
        """Rows, labels, vocabulary, padding."""
        sizes = self.seen.lengths
        batches = self.batches(self.recipe.train.batch_tokens, 0)
        cut = int((sizes >= self.recipe.data.max_length).sum())
        return {
            "labels": "numbers" if self.recipe.readout.numeric else self.labels,
            "train_rows": len(sizes), "rows_as_long_as_may_be": cut,
            "dev_rows": len(self.dev_rows), "vocabulary": [self.tokenizer.size],
            "padding": round(waste(batches, sizes), 4),
        }  # fmt: skip
