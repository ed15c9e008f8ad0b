"""What a training objective is: a sum over a batch, and how much there was to sum."""

from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from regard.data.parallel import Batch, Codec
from regard.models.seq2seq import Seq2Seq
from regard.recipe import Config as Settings


@dataclass
class Loss:
    """`total` to minimise, summed over the target tokens; `shown`: sums to report likewise."""

    total: Tensor
    shown: dict[str, Tensor] = field(default_factory=dict)


class Knows(Protocol):
    """What an objective may ask of the task."""

    codec: Codec


class ObjectiveConfig(Settings):
    """Settings of a kind; the config is the objective."""

    def __call__(self, model: Seq2Seq, batch: Batch, task: Knows) -> Loss:
        """The loss of a batch."""
        raise NotImplementedError
