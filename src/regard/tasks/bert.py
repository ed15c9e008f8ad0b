"""BERT's own pre-training: hidden tokens, and whether the second text of a row followed the first.

Devlin et al. 2019, 3.1 (https://arxiv.org/abs/1810.04805). RoBERTa does better without the second
(Liu et al. 2019, 4.2, https://arxiv.org/abs/1907.11692): that is `mlm`. `N` rows, `S` tokens.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from regard.models import masked
from regard.recipe import Rate, UserError
from regard.run import Run
from regard.tasks import hiding, mlm
from regard.tasks.base import Dev
from regard.tasks.hiding import Hidden
from regard.tasks.loading import seeded
from regard.tasks.objective.base import Loss
from regard.train.loss import smoothed


class Config(mlm.Config):
    """As `mlm`, over running text (data.pack); `unrelated`: share of rows with any other second
    text.
    """

    task: Literal["bert"] = "bert"  # type: ignore[assignment]
    model: masked.Config = masked.Config(segments=2)
    unrelated: Rate = 0.5

    def begin(self, run: Run) -> "Bert":
        """The task as the loop trains it."""
        if not self.data.pack:
            raise UserError("data.pack: next sentences want running text: true")
        return Bert(self, run)

    def build(self, vocabulary: int) -> masked.Paired:
        """The model, freshly initialised from the seed."""
        with seeded(self.seed):
            return self.model.paired(vocabulary)


@dataclass
class Paired(Hidden):
    """Rows of two texts."""

    follows: Tensor  # N, 1 or 0


@dataclass
class Turn(hiding.Turn):
    """Rows of two texts, one behind the other."""

    follows: np.ndarray  # rows

    def batch(self, rows: np.ndarray) -> Paired:
        """These rows, padded."""
        read = super().batch(rows)
        return Paired(**vars(read), follows=torch.from_numpy(self.follows[rows]).float())


class Bert(mlm.Mlm):
    """See `tasks.base.Task`."""

    model: masked.Paired

    def __init__(self, recipe: Config, run: Run):
        super().__init__(recipe, run)
        # the means of both losses are wanted, and the sum over hidden tokens is what there is
        self.scale = float(self.dev_turn.counts.mean())

    @property
    def room(self) -> int:
        """Tokens of each text: two of them make a row."""
        return (self.recipe.data.max_length - 3) // 2

    def laid(self, rows: hiding.Rows, numbers: np.ndarray, rng: np.random.Generator) -> Turn:
        """Each of these, and behind it the next one of its corpus, or any other."""
        count, last = len(rows.ids), np.cumsum(rows.sizes) - 1
        follows = rng.random(len(numbers)) >= self.recipe.unrelated
        follows &= ~np.isin(numbers, last)
        other = numbers + 2 + rng.integers(0, max(count - 2, 1), len(numbers))
        second = np.where(follows, numbers + 1, other) % count
        pairs = zip(numbers, second, strict=True)
        joined = [np.concatenate([rows.ids[a], rows.ids[b][1:]]) for a, b in pairs]
        return Turn(**vars(self.hidden(joined, rng)), follows=follows)

    def both(self, batch: Any, aux: list[Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """What the output layer reads of the chosen tokens, and the log-odds of each row."""
        x = self.model.reader(batch.tokens, batch.ok, batch.segments, aux=aux).x
        return self.model.hidden(x[batch.chosen]), self.model.follows(x)

    def loss(self, batch: Any) -> Loss:
        """Of the chosen tokens, and of the rows."""
        aux: list[Tensor] = []
        hidden, odds = self.both(batch, aux)
        total, plain = smoothed(hidden, self.model.head, batch.was[batch.chosen])
        rows = F.binary_cross_entropy_with_logits(odds, batch.follows, reduction="sum") * self.scale
        total = total + rows + sum(aux) * len(hidden)
        return Loss(total, {"nll": plain, "following": rows.detach()})

    @torch.inference_mode()
    def dev(self, device: torch.device) -> Dev:
        """As `mlm`, and how often the second text is rightly told to follow."""
        found, training = super().dev(device), self.model.training
        self.model.eval()
        right: list[bool] = []
        for batch in self.dev_batches(device):
            odds, follows = self.both(batch)[1], batch.follows  # type: ignore[attr-defined]
            right += ((odds > 0) == (follows > 0)).tolist()
        self.model.train(training)
        return Dev(found.score, {**found.shown, "dev_following": 100 * float(np.mean(right))})
