"""The weights that would be used: the model's own, their moving average, or that of checkpoints."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from regard.train import checkpoint
from regard.train.distributed import fill


class Weights:
    """An exponential moving average beside a model (decay 0: none).

    Early on, after n updates, the decay is (1 + n) / (10 + n) if that is less.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.model, self.decay, self.updates = model, decay, 0
        self.average = copied(model) if decay else {}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the model's newest weights."""
        if not self.decay:
            return
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        own = checkpoint.named(self.model)
        torch._foreach_lerp_(list(self.average.values()), list(own.values()), 1 - decay)

    @contextmanager
    def used(self, others: dict[str, Tensor] | None = None) -> Iterator[None]:
        """The model with the weights that would be used, or with `others`, for a while."""
        worn = others or self.average
        if not worn:
            yield
            return
        own = copied(self.model)
        checkpoint.restore(self.model, worn)
        try:
            yield
        finally:
            checkpoint.restore(self.model, own)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint must hold of this."""
        if not self.decay:
            return {}
        return {"ema": {**self.average, "ema updates": torch.tensor(self.updates)}}

    def restore(self, tensors: dict[str, dict[str, Tensor]]) -> None:
        """The inverse of `tensors`."""
        if self.decay:
            found = dict(tensors["ema"])
            self.updates = int(found.pop("ema updates"))
            for name, value in self.average.items():
                fill(value, found[name])


def copied(model: nn.Module) -> dict[str, Tensor]:
    """The model's weights as they are now."""
    return {k: v.detach().clone() for k, v in checkpoint.named(model).items()}


def average(checkpoints: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of several checkpoints' models (of their moving averages, if there are any)."""
    total: dict[str, Tensor] = {}
    for folder in checkpoints:
        file = folder / "ema.safetensors"
        tensors = load_file(file if file.exists() else folder / "model.safetensors")
        tensors.pop("ema updates", None)
        for name, value in tensors.items():
            total[name] = total[name] + value if name in total else value.double()
    return {k: (v / len(checkpoints)).float() for k, v in total.items()}
