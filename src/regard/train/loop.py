"""The one training loop: any task, one device or many, resumed exactly where it stopped."""

import gc
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from regard.machine import give_back_freed_memory, multiplies_bfloat16
from regard.recipe import UserError
from regard.run import Run
from regard.tasks.base import Dev, Task
from regard.train import checkpoint
from regard.train.config import Config
from regard.train.distributed import World, full, spread, unsharded
from regard.train.optim import flat, optimizer, rate, unflat
from regard.train.report import Report, fresh
from regard.train.weights import Weights

TIDY = 25  # updates between returning free memory to the system


class Step(nn.Module):
    """A batch's loss as a module's forward, which is what DDP and FSDP wrap."""

    def __init__(self, task: Task):
        super().__init__()
        self.model, self.task = task.model, task

    def forward(self, batch: Any, scale: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss times `scale`, and what to report."""
        loss = self.task.loss(batch)
        return loss.total * scale, loss.shown


class Loop:
    """Trains a task's model. A checkpoint is all of it: weights, optimiser, generators, and `at`.

    `at`: updates made, where in which block of which epoch, target tokens, seconds, dev scores, the
    report's sums.
    """

    def __init__(self, task: Task, config: Config, run: Run, world: World, report: Report):
        self.task, self.config, self.run = task, config, run
        self.world, self.report = world, report
        task.model.to(world.device)
        self.wrapped = spread(Step(task), world, config.parallel)
        self.optimizer = optimizer(task.model, config.optim)
        self.weights = Weights(task.model, config.ema)
        self.half = multiplies_bfloat16(config.precision, world.device)
        self.at: dict[str, Any] = {
            "step": 0, "epoch": 0, "block": 0, "index": 0, "tokens": 0, "seconds": 0.0,
            "history": [], "since": fresh(),
        }  # fmt: skip
        self.asked = False  # to stop, here; signal handlers set it
        self.stop = False  # all processes know, and stop after the same step

    def fit(self, seed: int, until: int | None = None) -> None:
        """Train until `ended`; or stop, saved, when `asked` or come to step `until`."""
        torch.manual_seed(seed + self.world.rank)
        self.resume()
        self.report.begin(self.at["step"], self.config.steps)
        began = time.monotonic() - self.at["seconds"]
        batches, last = self.batches(), until or self.config.steps
        while not (self.ended or self.stop or self.at["step"] >= last):
            self.asked |= self.at["step"] + 1 == last
            self.update(next(batches))
            self.at["seconds"] = time.monotonic() - began
            self.pause()

    @property
    def ended(self) -> str | None:
        """Why training is over: steps or patience; None if it is not."""
        if self.at["step"] >= self.config.steps:
            return "steps"
        history = self.at["history"]
        stale = len(history) - history.index(best(history)) - 1 if history else 0
        return "patience" if 0 < self.config.patience <= stale else None

    @property
    def turn(self) -> int:
        """The number of the block at hand, counted from the first epoch's first."""
        return self.at["epoch"] * self.task.blocks + self.at["block"]

    def batches(self) -> Iterator[Any]:
        """Row numbers of batch after batch, turn after turn, from where training stands."""
        at = self.at
        while True:
            batches = self.task.batches(self.config.batch_tokens, self.turn)
            while at["index"] < len(batches):
                at["index"] += 1
                yield batches[at["index"] - 1]
            at["epoch"], at["block"] = divmod(self.turn + 1, self.task.blocks)
            at["index"] = 0

    def update(self, rows: Any) -> None:
        """One step of the optimiser over a batch, in a part for each device times `accumulate`."""
        began, at, config, world = time.monotonic(), self.at, self.config, self.world
        at["step"] += 1
        lr = rate(at["step"], config.steps, config.optim)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.task.model.train()
        weight = self.task.weight(rows, self.turn)
        shown: dict[str, Tensor] = {}
        for i in range(config.accumulate):
            part = self.backward(rows, world.rank * config.accumulate + i, world.size / weight)
            shown = {k: shown.get(k, 0) + v for k, v in part.items()}
        parameters = self.task.model.parameters()
        norm = float(full(nn.utils.clip_grad_norm_(parameters, config.optim.clip or torch.inf)))
        self.optimizer.step()
        self.optimizer.zero_grad()  # gone, not zero: spares a pass to clear and one to add
        self.weights.update()
        at["tokens"] += weight
        numbers = [*shown.values(), torch.tensor(self.asked, device=world.device)]
        *sums, stop = world.sum(torch.stack([v.float() for v in numbers])).tolist()
        self.stop = stop > 0
        if not norm < torch.inf:  # not saved, so what was trained before is not lost
            raise UserError(f"step {at['step']}: the gradient is not finite; lower train.optim.lr")
        means = {k: v / weight for k, v in zip(shown, sums, strict=True)}
        self.report.step(at, means, {"lr": lr, "norm": norm}, time.monotonic() - began)

    def backward(self, rows: Any, part: int, scale: float) -> dict[str, Tensor]:
        """Add the gradients of one part of the rows, and return what there is to report of it."""
        config, turn, device = self.config, self.turn, self.world.device
        mine = rows[part :: self.world.size * config.accumulate]
        some = len(mine) > 0  # a process without rows still takes part in the exchange of gradients
        batch = self.task.batch(mine if some else rows[:1], turn).to(device)
        last = (part + 1) % config.accumulate == 0
        wait = nullcontext if last else getattr(self.wrapped, "no_sync", nullcontext)
        with wait():
            with torch.autocast(device.type, torch.bfloat16, enabled=self.half):
                loss, shown = self.wrapped(batch, scale * some)
            loss.backward()
        return {k: v * some for k, v in shown.items()}

    def let_go(self) -> None:
        """Give up what all processes share, while they still have their group.

        If the last user of a group dies after it was left, the group ends within Python's lock, and
        waits for a thread of its own, which may wait for that lock to free a tensor: for ever.
        """
        del self.wrapped
        gc.collect()

    def pause(self) -> None:
        """Every so many steps and at the end: dev score and checkpoint; when asked, that alone."""
        step, every = self.at["step"], self.config.every
        if step % TIDY == 0:
            give_back_freed_memory()
        regular = step % every == 0 or step == self.config.steps
        if regular:
            self.look_at_dev()
        if regular or self.stop:
            self.save()

    def look_at_dev(self) -> None:
        """Score the dev set with the weights that would be used, and remember it."""
        history = self.at["history"]
        dev = self.judge()
        history.append([self.at["step"], self.world.agree(dev.score if dev else 0.0)])
        if dev:
            self.report.dev(self.at, dev, best(history) is history[-1])

    def judge(self, others: dict[str, Tensor] | None = None) -> Dev | None:
        """The first process answers dev with the weights that would be used, or with `others`."""
        with self.weights.used(others), unsharded(self.wrapped), self.world.alone():
            return self.task.dev(self.world.device) if self.world.first else None

    def save(self) -> None:
        """A checkpoint; old ones go, but for the newest, the best, and those to be averaged."""
        world, config = self.world, self.config
        rng = {f"cpu{r}": t for r, t in enumerate(world.gather(torch.get_rng_state()))}
        if world.device.type == "cuda":
            state = torch.cuda.get_rng_state(world.device)
            rng |= {f"cuda{r}": t for r, t in enumerate(world.gather(state))}
        files = {
            "model": checkpoint.named(self.task.model), "optimizer": flat(self.optimizer),
            "rng": rng, **self.weights.tensors(),
        }  # fmt: skip
        tensors = {name: {k: full(v) for k, v in file.items()} for name, file in files.items()}
        if world.first:
            folder, looks = self.run.checkpoints, self.at["history"]
            here = checkpoint.at(folder, self.at["step"])
            checkpoint.save(here, tensors, {**self.at, "by": self.by})
            wanted = looks and [best(looks), *looks[-config.average :]]
            checkpoint.rotate(folder, config.keep, {step for step, _ in wanted})
        world.barrier()

    @property
    def by(self) -> dict[str, Any]:
        """What bit for bit depends on."""
        return {
            "processes": self.world.size, "device": self.world.device.type,
            "threads": torch.get_num_threads(), "bfloat16": self.half,
            "torch": str(torch.__version__),
        }  # fmt: skip

    def resume(self) -> None:
        """Take up the newest whole checkpoint, if there is one."""
        world, folder = self.world, self.run.checkpoints
        newest = checkpoint.newest(folder, self.report.warn) if world.first else None
        step = int(world.agree(-1 if newest is None else newest))
        if step < 0:
            return
        tensors, facts = checkpoint.read(checkpoint.at(folder, step))
        by, rng = facts.pop("by", {}), tensors["rng"]
        self.at |= facts
        checkpoint.restore(self.task.model, tensors["model"])
        unflat(self.optimizer, tensors["optimizer"])
        self.weights.restore(tensors)
        if f"cpu{world.rank}" in rng:
            torch.set_rng_state(rng[f"cpu{world.rank}"])
        if f"cuda{world.rank}" in rng and world.device.type == "cuda":
            torch.cuda.set_rng_state(rng[f"cuda{world.rank}"], world.device)
        self.report.say(f"going on from step {step}")
        odd = [f"{k} {by.get(k)} then and {v} now" for k, v in self.by.items() if by.get(k) != v]
        if odd:
            self.report.warn(f"step {step}: {', '.join(odd)}: the end will not be exactly the same")


def best(history: list) -> list:
    """The first [step, score] of the highest score."""
    return max(history, key=lambda look: look[1])
