"""One process or many, without another code path: `torchrun` or `crew` sets the environment.

Replicas (DDP, Li et al. 2020, https://arxiv.org/abs/2006.15704), or shards of weights, gradients
and optimiser, the weights whole only for the length of a step (FSDP2; Rajbhandari et al. 2020,
https://arxiv.org/abs/1910.02054).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

PATIENCE = timedelta(hours=1)  # while the first looks at dev; a death is noticed at once


@dataclass(frozen=True)
class World:
    """Which of how many processes this is, where it computes, and on how many threads when the
    others wait.
    """

    rank: int
    size: int
    device: torch.device
    cores: int | None = None

    @property
    def first(self) -> bool:
        """Does this process write files and talk?"""
        return self.rank == 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While the others wait, this process may use their cores too."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self.cores or threads)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def barrier(self) -> None:
        """Wait for all."""
        if self.size > 1:
            dist.barrier()

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def gather(self, values: Tensor) -> list[Tensor]:
        """Everybody's values, by rank."""
        if self.size == 1:
            return [values]
        found = [torch.empty_like(values) for _ in range(self.size)]
        dist.all_gather(found, values)
        return found

    def agree(self, value: float) -> float:
        """What the first process says."""
        said = torch.tensor(float(value), dtype=torch.float64)
        if self.size > 1:
            dist.broadcast(said, 0)
        return said.item()


@contextmanager
def world(device: str = "auto", cores: int | None = None) -> Iterator[World]:
    """Join the other processes that `torchrun` or `crew` started, if any; leave them at the end.

    `cores`: see `World`.
    """
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        local = int(os.environ.get("LOCAL_RANK", 0))
        torch.cuda.set_device(local)
        device = f"cuda:{local}"
    if size > 1:
        kinds = "cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo"
        dist.init_process_group(kinds, timeout=PATIENCE)
    try:
        yield World(rank, size, torch.device(device), cores)
    finally:
        if size > 1:
            dist.destroy_process_group()


def spread(module: nn.Module, world: World, how: str) -> nn.Module:
    """The module as all processes share it, called as before: `ddp` or `fsdp`.

    FSDP has one group for all, so that inside a step any method of any part finds whole weights.
    """
    if world.size == 1:
        return module
    if how == "ddp":
        ids = [world.device.index] if world.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=ids)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(world.device.type, (world.size,))
    fully_shard(module, mesh=mesh, reshard_after_forward=False)
    return module


@contextmanager
def unsharded(module: Any) -> Iterator[None]:
    """Whole weights in every process for a while, to use but not to change; all must ask."""
    if not hasattr(module, "unshard"):
        yield
        return
    module.unshard()
    try:
        yield
    finally:
        module.reshard()


def full(value: Any) -> Tensor:
    """The whole of a tensor that may be in shards; all processes must ask."""
    return value.full_tensor() if hasattr(value, "full_tensor") else value


def alike(value: Tensor, like: Any) -> Tensor:
    """A copy of a whole tensor where `like` is, in shards if `like` is; all processes must ask."""
    if hasattr(like, "full_tensor"):
        from torch.distributed.tensor import distribute_tensor

        return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)
    return value.to(like.device, copy=True)


def fill(value: Tensor, whole: Tensor) -> None:
    """Copy a tensor into one that may be in shards; all processes must ask."""
    shards = hasattr(value, "full_tensor") and not hasattr(whole, "full_tensor")
    value.copy_(alike(whole, value) if shards else whole)
