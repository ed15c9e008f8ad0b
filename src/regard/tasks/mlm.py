"""Masked language modelling: some tokens are hidden, and the encoder says what they were.

BERT, Devlin et al. 2019, 3.1 (https://arxiv.org/abs/1810.04805); hidden anew in every epoch, and
without next sentences, as in RoBERTa, Liu et al. 2019, 4 (https://arxiv.org/abs/1907.11692).
"""

from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor

from regard.data import mono
from regard.models import masked
from regard.recipe import Lazy, Part, Rate
from regard.run import Run
from regard.tasks import starting
from regard.tasks.base import Dev
from regard.tasks.hiding import Hidden, Hiding
from regard.tasks.loading import seeded
from regard.tasks.objective.base import Loss
from regard.train.loss import best, smoothed


class Config(starting.Starting):
    """A recipe for pre-training an encoder; others start from it.

    `kept`, `other`: shares of the chosen tokens that stay as they are, or become any other one; the
    rest become `<mask>`. `start`: a run to go on from, on texts of one's own.
    """

    task: Literal["mlm"] = "mlm"
    data: mono.Config
    model: masked.Config = masked.Config()
    masking: Annotated[Any, Part("tasks.masking", default="token")] = "token"
    kept: Rate = 0.1
    other: Rate = 0.1
    train: Annotated[Any, Lazy("train.config")] = {}  # noqa: RUF012

    def begin(self, run: Run) -> "Mlm":
        """The task as the loop trains it."""
        return Mlm(self, run)

    def build(self, vocabulary: int) -> masked.Masked:
        """The model, freshly initialised from the seed."""
        with seeded(self.seed):
            return self.model.masked(vocabulary)


class Mlm(Hiding):
    """See `tasks.base.Task`."""

    def __init__(self, recipe: Config, run: Run):
        super().__init__(recipe, run)
        self.model = recipe.build(self.tokenizer.size)
        starting.begin(self.model, recipe, run, also=("dense.", "norm.", "bias"))

    def corrupted(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What the chosen tokens (m,) become."""
        fate = rng.random(len(ids))
        first = len(self.tokenizer.facts.specials)  # the first id that is no special
        other = rng.integers(first, self.tokenizer.size, len(ids))
        new = np.where(fate < self.recipe.kept, ids, self.mask)
        return np.where(fate >= 1 - self.recipe.other, other, new)

    def told(self, batch: Hidden, aux: list[Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """For each chosen token what the head reads, and what it was."""
        x = self.model.reader(batch.tokens, batch.ok, batch.segments, aux=aux).x
        return self.model.hidden(x[batch.chosen]), batch.was[batch.chosen]

    def loss(self, batch: Hidden) -> Loss:
        """Cross-entropy of the chosen tokens, summed."""
        aux: list[Tensor] = []
        hidden, target = self.told(batch, aux)
        total, plain = smoothed(hidden, self.model.head, target)
        return Loss(total + sum(aux) * len(target), {"nll": plain})

    @torch.inference_mode()
    def dev(self, device: torch.device) -> Dev:
        """Share of chosen tokens that are told, in percent, and their mean loss."""
        training = self.model.training
        self.model.eval()
        right, nll, count = 0, 0.0, 0
        for batch in self.dev_batches(device):
            hidden, target = self.told(batch)
            nll += float(smoothed(hidden, self.model.head, target)[1])
            right += int((best(hidden, self.model.head) == target).sum())
            count += len(target)
        self.model.train(training)
        accuracy = 100 * right / count
        return Dev(accuracy, {"dev_nll": nll / count, "dev_accuracy": accuracy})
