"""Maximum likelihood with label smoothing.

Szegedy et al. 2016 (https://arxiv.org/abs/1512.00567, 7). `N` rows, `T` tokens, `D` width, `M` real
target tokens.
"""

from typing import NamedTuple

from pydantic import Field
from torch import Tensor

from regard.data.parallel import Batch
from regard.data.tokenizer.base import PAD
from regard.models.seq2seq import Seq2Seq
from regard.tasks.objective.base import Knows, Loss, ObjectiveConfig
from regard.train.loss import smoothed


class Config(ObjectiveConfig):
    """`smoothing`: the share of probability spread over the whole vocabulary."""

    smoothing: float = Field(0.1, ge=0, lt=1)

    def __call__(self, model: Seq2Seq, batch: Batch, task: Knows) -> Loss:
        """Summed over the real target tokens."""
        hidden, target, extra = taught(model, batch)
        total, plain = smoothed(hidden, model.head, target, self.smoothing)
        return Loss(total + extra, {"nll": plain})


class Taught(NamedTuple):
    """Hidden states (M D) at the real target tokens, those tokens (M), and the parts' own losses,
    which are means, times M.
    """

    hidden: Tensor
    target: Tensor
    extra: Tensor | float


def taught(model: Seq2Seq, batch: Batch) -> Taught:
    """What a model makes of a batch whose target it is given."""
    real = batch.target_out != PAD
    aux: list[Tensor] = []
    hidden = model.teach(batch.source, batch.source_ok, batch.target_in, real, aux)
    target = batch.target_out[real]
    return Taught(hidden[real], target, sum(aux) * len(target))
