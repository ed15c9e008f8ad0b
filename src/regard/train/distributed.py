"""One process or many, without another code path: `torchrun` sets the environment, this reads it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn


@dataclass(frozen=True)
class World:
    """Which of how many processes this is, and where it computes."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Does this process write files and talk?"""
        return self.rank == 0

    def barrier(self) -> None:
        """Wait for all."""
        if self.size > 1:
            dist.barrier()

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes."""
        if self.size > 1:
            dist.all_reduce(values)
        return values


@contextmanager
def world(device: str = "auto") -> Iterator[World]:
    """Join the other processes that `torchrun` started, if any; leave them at the end."""
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        local = int(os.environ.get("LOCAL_RANK", 0))
        torch.cuda.set_device(local)
        device = f"cuda:{local}"
    if size > 1:
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield World(rank, size, torch.device(device))
    finally:
        if size > 1:
            dist.destroy_process_group()


def spread(module: nn.Module, world: World, how: str) -> nn.Module:
    """The module as all processes share it: replicated (ddp) or cut into shards (fsdp, per block)."""
    if world.size == 1:
        return module
    if how == "ddp":
        ids = [world.device.index] if world.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=ids)
    from torch.distributed.fsdp import fully_shard

    from regard.block.base import Block

    for part in module.modules():
        if isinstance(part, Block):
            fully_shard(part)
    fully_shard(module)
    return module
