"""The one training loop: any task, one device or many, resumed exactly where it stopped."""

import time
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from regard.recipe import Recipe, UserError
from regard.run import Run
from regard.tasks.base import Task
from regard.train import checkpoint
from regard.train.config import Config
from regard.train.distributed import World, spread
from regard.train.machine import multiplies_bfloat16
from regard.train.optim import optimizer, rate
from regard.train.report import Report
from regard.train.weights import Weights


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
    """Trains a task's model; everything that resuming needs is in `state`."""

    def __init__(self, task: Task, config: Config, run: Run, world: World, report: Report):
        self.task, self.config, self.run, self.world, self.report = task, config, run, world, report
        task.model.to(world.device)
        self.step_module = spread(Step(task), world, config.parallel)
        self.optimizer = optimizer(task.model, config.optim)
        self.weights = Weights(task.model, config.ema)
        self.at: dict[str, Any] = {
            "step": 0, "epoch": 0, "index": 0, "tokens": 0, "seconds": 0.0,
            "best": None, "stale": 0, "history": [],
        }  # fmt: skip
        self.stop: str | None = None

    def fit(self, seed: int) -> None:
        """Train to the last step, or until patience or a signal ends it."""
        torch.manual_seed(seed + self.world.rank)
        self.resume()
        began = time.monotonic() - self.at["seconds"]
        self.report.begin(self.at["step"], self.config.steps)
        while self.at["step"] < self.config.steps and not self.stop:
            batches = self.task.batches(self.config.batch_tokens, self.at["epoch"])
            while self.at["index"] < len(batches) and not self.stop:
                self.update(batches[self.at["index"]])
                self.at["index"] += 1
                self.at["seconds"] = time.monotonic() - began
                self.pause(last=self.at["step"] == self.config.steps)
                if self.at["step"] == self.config.steps:
                    break
            else:
                if not self.stop:
                    self.at["epoch"], self.at["index"] = self.at["epoch"] + 1, 0

    def update(self, rows: Any) -> None:
        """One step of the optimiser over one batch, in as many parts as there are devices and accumulations."""
        at, config, world = self.at, self.config, self.world
        at["step"] += 1
        lr = rate(at["step"], config.steps, config.optim)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.task.model.train()
        weight = self.task.weight(rows, at["epoch"])
        parts = world.size * config.accumulate
        shown: dict[str, Tensor] = {}
        for i in range(config.accumulate):
            mine = rows[world.rank * config.accumulate + i :: parts]
            last = i == config.accumulate - 1
            part = self.backward(mine, world.size / weight, last)
            shown = {k: shown.get(k, 0) + v for k, v in part.items()}
        norm = nn.utils.clip_grad_norm_(self.task.model.parameters(), config.optim.clip or torch.inf)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        self.weights.update()
        at["tokens"] += weight
        if world.size > 1 and shown:
            values = world.sum(torch.stack([shown[k].float() for k in sorted(shown)]))
            shown = dict(zip(sorted(shown), values, strict=True))
        means = {k: float(v) / weight for k, v in shown.items()}
        if not torch.isfinite(norm):
            raise UserError(f"step {at['step']}: the gradient is not finite; lower train.optim.lr")
        self.report.step(at, means, lr=lr, norm=float(norm), weight=weight)

    def backward(self, rows: Any, scale: float, last: bool) -> dict[str, Tensor]:
        """Gradients of some rows' share of the loss, added to those that are there."""
        device = self.world.device
        if not len(rows):  # a device without rows still takes part in the exchange of gradients
            rows, scale = self.task.batches(self.config.batch_tokens, self.at["epoch"])[0][:1], 0.0
        batch = self.task.batch(rows, self.at["epoch"]).to(device)
        half = multiplies_bfloat16(self.config.precision, device)
        quiet = getattr(self.step_module, "no_sync", nullcontext) if not last else nullcontext
        with quiet():
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                loss, shown = self.step_module(batch, scale)
            loss.backward()
        return {k: v * (scale > 0) for k, v in shown.items()}

    def pause(self, last: bool) -> None:
        """Every so many steps: dev score, checkpoint."""
        if not (last or self.stop or self.at["step"] % self.config.every == 0):
            return
        if self.at["step"] % self.config.every == 0 or last:
            self.look_at_dev()
        self.save()

    def look_at_dev(self) -> None:
        """Score the dev set with the weights that would be used; remember the best."""
        at = self.at
        if self.world.first:
            with self.weights.used():
                dev = self.task.dev(self.world.device)
                better = at["best"] is None or dev.score > at["best"]
                if better:
                    self.weights.save(self.run.folder / "best.safetensors")
            at["best"] = dev.score if better else at["best"]
            at["stale"] = 0 if better else at["stale"] + 1
            at["history"].append([at["step"], dev.score])
            self.report.dev(at, dev)
            if self.config.patience and at["stale"] >= self.config.patience:
                self.stop = "patience"
        if self.world.size > 1:
            flag = torch.tensor(float(self.stop == "patience"), device=self.world.device)
            if self.world.sum(flag) > 0:
                self.stop = "patience"

    def save(self) -> None:
        """A checkpoint of everything."""
        cpu = torch.get_rng_state()
        rng = {"cpu": cpu}
        if self.world.device.type == "cuda":
            rng["cuda"] = torch.cuda.get_rng_state()
        if self.world.size > 1:
            gathered = [torch.empty_like(cpu) for _ in range(self.world.size)]
            torch.distributed.all_gather(gathered, cpu)
            rng = {f"cpu{r}": t for r, t in enumerate(gathered)}
        if self.world.first:
            tensors = {
                "model": checkpoint.named(self.task.model),
                "optimizer": flat(self.optimizer), "rng": rng, **self.weights.tensors(),
            }  # fmt: skip
            name = f"step-{self.at['step']:09d}"
            checkpoint.save(self.run.checkpoints / name, tensors, self.at)
            keep = max(self.config.keep, self.config.average)
            checkpoint.rotate(self.run.checkpoints, keep)
        self.world.barrier()

    def resume(self) -> None:
        """Take up the newest whole checkpoint, if there is one."""
        found = checkpoint.newest(self.run.checkpoints, self.report.warn)
        if found is None:
            return
        tensors, self.at = checkpoint.read(found)
        checkpoint.restore(self.task.model, tensors["model"])
        unflat(self.optimizer, tensors["optimizer"])
        self.weights.restore(tensors)
        rng = tensors["rng"]
        torch.set_rng_state(rng.get("cpu", rng.get(f"cpu{self.world.rank}")))
        if "cuda" in rng and self.world.device.type == "cuda":
            torch.cuda.set_rng_state(rng["cuda"])
        self.report.resumed(self.at)


def flat(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as named tensors."""
    state = optimizer.state_dict()["state"]
    return {f"{i}.{k}": v for i, values in state.items() for k, v in values.items()}


def unflat(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """The inverse of `flat`."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
