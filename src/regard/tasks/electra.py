"""ELECTRA: an encoder is trained to tell which tokens of a text a small generator put there.

Clark et al. 2020 (https://arxiv.org/abs/2003.10555). The generator learns as in `mlm` and is
thrown away; what else may be asked of the replaced text is a kind of `discriminating`.
"""

from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor

from regard.data import mono
from regard.evaluate.calibration import auroc
from regard.models import electra
from regard.recipe import Lazy, Part
from regard.run import Run
from regard.tasks import starting
from regard.tasks.base import Dev
from regard.tasks.hiding import Hidden, Hiding
from regard.tasks.loading import seeded
from regard.tasks.objective.base import Loss
from regard.train.loss import drawn, smoothed


class Config(starting.Starting):
    """A recipe for pre-training an encoder; others start from it.

    `discriminating`: what is asked of the replaced text. `start`: a run to go on from.
    """

    task: Literal["electra"] = "electra"
    data: mono.Config
    model: electra.Config = electra.Config()
    masking: Annotated[Any, Part("tasks.masking", default="token")] = "token"
    discriminating: Annotated[Any, Part("tasks.discriminating", default="electra")] = "electra"
    train: Annotated[Any, Lazy("train.config")] = {}  # noqa: RUF012

    def begin(self, run: Run) -> "Electra":
        """The task as the loop trains it."""
        return Electra(self, run)

    def build(self, vocabulary: int) -> electra.Electra:
        """The model, freshly initialised from the seed."""
        with seeded(self.seed):
            return self.model.electra(vocabulary, self.discriminating.head)


class Electra(Hiding):
    """See `tasks.base.Task`."""

    def __init__(self, recipe: Config, run: Run):
        super().__init__(recipe, run)
        self.model = recipe.build(self.tokenizer.size)
        starting.begin(self.model, recipe, run, also=("generator.", "head."))
        # where all tokens are asked of, their mean loss is wanted, and the sum is what there is
        share = float(self.dev_turn.chosen.mean()) if recipe.discriminating.everywhere else 1.0
        self.scale = recipe.discriminating.weight * share

    def corrupted(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What the chosen tokens (m,) become."""
        return np.full_like(ids, self.mask)

    def guessed(self, batch: Hidden, aux: list[Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The generator's loss, summed, and the text with what it drew (N S)."""
        hidden = self.model.guess(batch.tokens, batch.ok, batch.segments, batch.chosen, aux)
        nll, _ = smoothed(hidden, self.model.words, batch.was[batch.chosen])
        read = batch.tokens.clone()
        read[batch.chosen] = drawn(hidden, self.model.words)
        return nll, read

    def asked(self, batch: Hidden, read: Tensor, aux: list[Tensor] | None = None) -> tuple:
        """For each token that is asked of its vector, what was read and what it was."""
        x = self.model.reader(read, batch.ok, batch.segments, aux=aux).x
        where = batch.ok if self.recipe.discriminating.everywhere else batch.chosen
        return x[where], read[where], batch.was[where]

    def loss(self, batch: Hidden) -> Loss:
        """The generator's and the discriminator's."""
        aux: list[Tensor] = []
        nll, read = self.guessed(batch, aux)
        told = self.recipe.discriminating.loss(self.model, *self.asked(batch, read, aux))
        told = told * self.scale
        total = nll + told + sum(aux) * batch.chosen.sum()
        return Loss(total, {"nll": nll.detach(), "told": told.detach()})

    @torch.inference_mode()
    def dev(self, device: torch.device) -> Dev:
        """How often the answer is right, how well replaced tokens stand out, the generator's loss.

        What the generator draws is a function of the seed.
        """
        training = self.model.training
        self.model.eval()
        goal, nll, right = self.recipe.discriminating, 0.0, list[bool]()
        odds, replaced = list[float](), list[bool]()
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(self.recipe.seed)
            for batch in self.dev_batches(device):
                loss, read = self.guessed(batch)
                x, said, was = self.asked(batch, read)
                nll += float(loss)
                right += goal.right(self.model, x, said, was).tolist()
                found = goal.odds(self.model, x)
                odds += [] if found is None else found.sigmoid().tolist()
                replaced += (said != was).tolist()
        self.model.train(training)
        nll /= int(self.dev_turn.chosen.sum())
        shown = {"dev_nll": nll, "dev_accuracy": 100 * float(np.mean(right))}
        if odds and 0 < sum(replaced) < len(replaced):  # an untrained generator may never hit
            shown["dev_auroc"] = 100 * auroc(np.array(odds), np.array(replaced))
        # as the generator gets better its replacements get harder to find: which weights are best
        # is not to be read off the discriminator's figures
        return Dev(-nll, shown)
