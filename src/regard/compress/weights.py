"""Small weights become 0, and what weights take up."""

import zlib
from pathlib import Path

import torch
from torch import Tensor, nn

from regard.compress.heads import Weights


def linear(model: nn.Module) -> list[str]:
    """Names of the matrices of all linear maps."""
    found = [n for n, part in model.named_modules() if isinstance(part, nn.Linear)]
    return [f"{name}.weight" for name in found]


def thinned(kept: Weights, names: list[str], share: float) -> Weights:
    """That share of the weights of these matrices set to 0, the smallest of all together.

    Without regard to where they are ("class-blind"), as See et al. 2016 found to be best for
    translation (https://arxiv.org/abs/1606.09274, 4.1).
    """
    sizes = torch.cat([kept[name].abs().flatten() for name in names])
    count = round(share * len(sizes))
    if not count:
        return kept
    bound = sizes.kthvalue(count).values
    return {**kept, **{name: kept[name] * (kept[name].abs() > bound) for name in names}}


def dense(tensors: Weights, names: list[str]) -> int:
    """Bytes of these matrices as they are, scales (of 8-bit ones) counted."""
    return sum(size(tensors[name]) + size(tensors.get(scale(name))) for name in names)


def sparse(tensors: Weights, names: list[str]) -> int:
    """Bytes of these matrices if only what is not 0 was kept, and a bit for each place."""
    return sum(
        int((tensors[name] != 0).sum()) * tensors[name].element_size()
        + -(-tensors[name].numel() // 8)
        for name in names
    )


def scale(name: str) -> str:
    """Where the scales of a matrix are."""
    return f"{name.removesuffix('weight')}scale"


def size(tensor: Tensor | None) -> int:
    """Bytes."""
    return 0 if tensor is None else tensor.numel() * tensor.element_size()


def zipped(path: Path) -> int:
    """Bytes of a file after zlib."""
    squeeze, count = zlib.compressobj(6), 0
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            count += len(squeeze.compress(part))
    return count + len(squeeze.flush())
