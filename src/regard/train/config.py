"""How a model is trained."""

from typing import Literal

from pydantic import Field

from regard.recipe import Config as Settings


class Optim(Settings):
    """AdamW and its schedule: `lr` is reached after `warmup` steps, then falls."""

    lr: float = Field(7e-4, gt=0)
    schedule: Literal["inverse_sqrt", "cosine", "linear", "constant"] = "inverse_sqrt"
    warmup: int = Field(1000, ge=0)
    floor: float = Field(0.0, ge=0, le=1)
    weight_decay: float = Field(0.0, ge=0)
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-9
    clip: float = Field(1.0, ge=0)


class Config(Settings):
    """`batch_tokens`: of all devices and parts together, longer side of each row, padding counted.

    `accumulate`: parts that a device's share of a batch is cut into, to save memory. `every`: steps
    between dev scores and checkpoints. `patience`: dev scores without a better one before stopping
    (0: never). `average`: how many of the newest checkpoints the final weights average (1: none).
    `ema`: decay of a moving average of the weights, used instead of them (0: none). `keep`: newest
    checkpoints kept, beside the best and those to average. `precision`: auto is bfloat16 where the
    hardware multiplies it (GPUs, CPUs with AVX512-BF16 or AMX), else float32. `parallel`: how
    `torchrun` shares the work: whole replicas (ddp), or shards of weights and optimiser (fsdp).
    """

    steps: int = Field(10_000, ge=1)
    batch_tokens: int = Field(4096, ge=1)
    accumulate: int = Field(1, ge=1)
    optim: Optim = Optim()
    every: int = Field(500, ge=1)
    patience: int = Field(0, ge=0)
    average: int = Field(1, ge=1)
    ema: float = Field(0.0, ge=0, lt=1)
    keep: int = Field(2, ge=2)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    parallel: Literal["ddp", "fsdp"] = "ddp"
