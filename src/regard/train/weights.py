"""The weights that would be used: the model's own, or their moving average; and averages of checkpoints."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from regard.run import whole
from regard.train import checkpoint


class Weights:
    """An exponential moving average beside a model (decay 0: none). Early on the decay is (1 + n) / (10 + n)."""

    def __init__(self, model: nn.Module, decay: float):
        self.model, self.decay, self.updates = model, decay, 0
        own = checkpoint.named(model)
        self.average = {k: v.detach().clone() for k, v in own.items()} if decay else {}

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
    def used(self) -> Iterator[None]:
        """The model with the weights that would be used, for a while."""
        if not self.decay:
            yield
            return
        own = {k: v.detach().clone() for k, v in checkpoint.named(self.model).items()}
        checkpoint.restore(self.model, self.average)
        try:
            yield
        finally:
            checkpoint.restore(self.model, own)

    def save(self, path: Path) -> None:
        """The model's weights as they are now, as one file."""
        keep(path, checkpoint.named(self.model))

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
                value.copy_(found[name])


def keep(path: Path, tensors: dict[str, Tensor]) -> None:
    """A weight file that appears only complete."""
    with whole(path) as aside:
        save_file({k: v.detach().contiguous().cpu() for k, v in tensors.items()}, aside)


def average(checkpoints: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of the models of several checkpoints (the EMA's, where there is one)."""
    total: dict[str, Tensor] = {}
    for folder in checkpoints:
        file = folder / "ema.safetensors"
        tensors = load_file(file if file.exists() else folder / "model.safetensors")
        tensors.pop("ema updates", None)
        for name, value in tensors.items():
            total[name] = total[name] + value if name in total else value.double()
    return {k: (v / len(checkpoints)).float() for k, v in total.items()}
