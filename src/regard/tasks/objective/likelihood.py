"""Maximum likelihood with label smoothing.

Szegedy et al. 2016 (https://arxiv.org/abs/1512.00567, 7). `N` rows, `T` tokens, `D` width, `M` real
target tokens.
"""

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
        hidden, target = taught(model, batch)
        total, plain = smoothed(hidden, model.head, target, self.smoothing)
        return Loss(total, {"nll": plain})


def taught(model: Seq2Seq, batch: Batch) -> tuple[Tensor, Tensor]:
    """Hidden states (M D) at the real target tokens, and those tokens (M)."""
    hidden = model.teach(batch.source, batch.source_ok, batch.target_in)
    real = batch.target_out != PAD
    return hidden[real], batch.target_out[real]
