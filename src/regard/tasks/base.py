"""What the training loop needs to know of a task."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from regard.tasks.objective.base import Loss


@dataclass
class Dev:
    """A look at the dev set: `score` decides (more is better), the others are for people."""

    score: float
    shown: dict[str, float]
    samples: list[dict[str, str]] = field(default_factory=list)


class Task(Protocol):
    """Rows become batches, batches losses, and the model answers the dev set.

    An epoch goes in `blocks` turns, of which only one need be in memory. Everything that depends
    on chance is a function of the recipe's seed and the turn, or draws from torch's generators, so
    that a resumed run repeats it.
    """

    model: nn.Module
    blocks: int

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Row numbers of each batch of a turn, in order."""
        ...

    def batch(self, rows: np.ndarray, turn: int) -> Any:
        """These rows as tensors (with a `to(device)`)."""
        ...

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """What the loss of these rows is divided by: target tokens."""
        ...

    def loss(self, batch: Any) -> Loss:
        """The sum to minimise."""
        ...

    def dev(self, device: torch.device) -> Dev:
        """The dev set, answered by the model as it is."""
        ...

    def save(self, folder: Path) -> None:
        """What using the model needs besides its weights."""
        ...

    def facts(self) -> dict[str, Any]:
        """What the model card says of the data."""
        ...
