"""R-Drop: two trips with different dropout should agree.

Liang et al. 2021 (https://arxiv.org/abs/2106.14448, 2.2). loss = nll_1 + nll_2 + weight *
(KL(p1, p2) + KL(p2, p1)) / 2, halved here so that steps compare with plain likelihood.
"""

from dataclasses import fields

import torch
from pydantic import Field

from regard.data.parallel import Batch
from regard.models.seq2seq import Seq2Seq
from regard.tasks.objective.base import Knows, Loss, ObjectiveConfig
from regard.tasks.objective.likelihood import taught
from regard.train.loss import disagreement, smoothed


class Config(ObjectiveConfig):
    """`weight`: the paper's alpha (5 for translation)."""

    smoothing: float = Field(0.1, ge=0, lt=1)
    weight: float = Field(5.0, ge=0)

    def __call__(self, model: Seq2Seq, batch: Batch, task: Knows) -> Loss:
        """Both trips in one batch of twice the rows."""
        twice = Batch(*(torch.cat([getattr(batch, f.name)] * 2) for f in fields(batch)))
        hidden, target, extra = taught(model, twice)
        total, plain = smoothed(hidden, model.head, target, self.smoothing)
        first, second = hidden.chunk(2)
        apart = disagreement(first, second, model.head)
        loss = (total + self.weight * apart + extra) / 2
        return Loss(loss, {"nll": plain / 2, "apart": apart.detach()})
