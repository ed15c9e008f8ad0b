"""AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) and learning rates."""

import math

import torch
from torch import Tensor, nn

from regard.train.config import Optim
from regard.train.distributed import alike


def rate(step: int, steps: int, config: Optim) -> float:
    """Learning rate of update `step` (the first is 1) of `steps`.

    inverse_sqrt: Vaswani et al. 2017, 5.3, scaled to reach `lr` at the end of warm-up; cosine and
    linear fall to `floor` * lr at the last step.
    """
    if step <= config.warmup:
        return config.lr * step / config.warmup
    if config.schedule == "constant":
        return config.lr
    if config.schedule == "inverse_sqrt":
        return config.lr * max(config.floor, (max(config.warmup, 1) / step) ** 0.5)
    done = min((step - config.warmup) / max(steps - config.warmup, 1), 1.0)
    fall = 1 - done if config.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return config.lr * (config.floor + (1 - config.floor) * fall)


def optimizer(model: nn.Module, config: Optim) -> torch.optim.AdamW:
    """AdamW; matrices decay, vectors (biases, gains) do not."""
    named = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in named if p.dim() > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in named if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, eps=config.eps, fused=True)


def flat(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as named tensors: `<number of the parameter>.<what>`."""
    state = optimizer.state_dict()["state"]
    return {f"{i}.{k}": v for i, values in state.items() for k, v in values.items()}


def unflat(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """The inverse of `flat`, of whole tensors."""
    owners = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        owner = owners[int(number)]
        kept = alike(value, owner) if value.shape == owner.shape else value.clone()
        state.setdefault(int(number), {})[key] = kept
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
