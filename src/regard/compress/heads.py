"""Which heads matter least, and a model without them.

`N` sentences, `T` queries, `D` width, `H` heads, `K` head width.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from regard.attention._silent import Silent
from regard.attention.base import Attention
from regard.compress.places import Place, stacks
from regard.models.tuning.gates import Gated
from regard.tasks.base import Task
from regard.tasks.heads import attentions, silencer, twin

Head = tuple[str, int]  # label of the attention, number of the head
Weights = dict[str, Tensor]
Settings = dict[str, Any]


def importance(task: Task, found: Sequence[Place], batches: Sequence[Any]) -> dict[str, Tensor]:
    """How much the loss of a sentence changes with each head's gate (H), by attention.

    I_h = E |dL/dg_h| at g = 1, each layer's of length 1: Michel et al. 2019, 4.1
    (https://arxiv.org/abs/1905.10650).
    """
    task.model.eval()
    total = {place.label: torch.zeros(place.heads) for place in found}
    for rows in batches:
        with gated(found, len(rows)) as gates:
            loss = task.loss(task.batch(rows, 0)).total
            slopes = torch.autograd.grad(loss, list(gates.values()))
        for name, slope in zip(gates, slopes, strict=True):
            total[name] += slope.abs().sum(0)
    return {name: value / value.norm().clamp_min(1e-12) for name, value in total.items()}


@contextmanager
def gated(found: Sequence[Place], rows: int) -> Iterator[dict[str, Tensor]]:
    """A gate of 1 for every head and sentence (N H), by attention, as long as this is open."""
    gates, hooks = {}, []
    for place in found:
        gate = torch.ones(rows, place.heads, requires_grad=True)
        gates[place.label] = gate
        hooks.append(place.part.out.register_forward_pre_hook(through(gate)))
    try:
        yield gates
    finally:
        for hook in hooks:
            hook.remove()


def through(gate: Tensor) -> Any:
    """A hook that multiplies what each head found by its gate (N H)."""

    def hook(module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        found = args[0].unflatten(-1, (gate.size(1), -1))  # N T H K
        return ((found * gate[:, None, :, None]).flatten(-2),)

    return hook


def openness(model: nn.Module) -> dict[str, Tensor]:
    """Log alpha of every gate (H), by the path of its attention."""
    return {
        path: (part.core.pace * part.core.gate).detach()
        for path, part in model.named_modules()
        if isinstance(part, Attention) and isinstance(part.core, Gated)
    }


def least(scores: Mapping[str, Tensor], share: float) -> list[Head]:
    """That share of all heads, those of the lowest scores."""
    ranked = sorted(
        (float(x), name, head) for name, row in scores.items() for head, x in enumerate(row)
    )
    return [(name, head) for _, name, head in ranked[: round(share * len(ranked))]]


def silenced(model: nn.Module, gone: Sequence[Head]) -> nn.Module:
    """The same weights, with what these heads find taken as zero."""
    new = twin(model)
    for name, part in attentions(new):
        off = [head for other, head in gone if other == name]
        if off:
            part.out.register_forward_pre_hook(silencer(off, part.heads))
    return new


def cut(
    model: nn.Module,
    found: Sequence[Place],
    gone: Sequence[Head],
    settings: Settings,
    kept: Weights,
) -> tuple[Settings, Weights]:
    """Recipe and weights without these heads: fewer rows of q, k and v, fewer columns of out."""
    settings, kept = deepcopy(settings), dict(kept)
    for place in found:
        heads = [h for h in range(place.heads) if (place.label, h) not in gone]
        if len(heads) == place.heads:
            continue
        width = kept[f"{place.path}.q.weight"].size(0) // place.heads
        slice_out(kept, place.path, heads, width)
        own = settings["model"][place.side]["block"][place.field]
        own["left"] = list(own["left"] or counted(model, place))
        own["left"][place.layer], own["width"] = len(heads), width
    return settings, kept


def slice_out(kept: Weights, path: str, heads: Sequence[int], width: int) -> None:
    """Leave only these heads of one attention's weights; of none the last bias."""
    rows = torch.tensor([h * width + i for h in heads for i in range(width)], dtype=torch.long)
    for name in ("q", "k", "v"):
        for what in ("weight", "bias"):
            taken = kept.pop(f"{path}.{name}.{what}")
            if heads:
                kept[f"{path}.{name}.{what}"] = taken[rows].contiguous()
    out = kept.pop(f"{path}.out.weight")
    if heads:
        kept[f"{path}.out.weight"] = out[:, rows].contiguous()
    else:
        kept[f"{path}.bias"] = kept.pop(f"{path}.out.bias")


def counted(model: nn.Module, place: Place) -> list[int]:
    """How many heads the same attention has in each layer of its stack."""
    blocks = next(part.blocks for _, side, part in stacks(model) if side == place.side)
    parts = [getattr(block, place.field) for block in blocks]
    return [0 if isinstance(part, Silent) else part.heads for part in parts]
