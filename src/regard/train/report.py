"""What training says while it runs: a progress line, metrics.jsonl, TensorBoard, dev scores with samples."""

import json
import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from regard.run import Run
from regard.tasks.base import Dev

SHOW = 50  # steps between lines of metrics


class Report:
    """Talks on standard error; `quiet` writes files only; `silent` (other devices) nothing at all."""

    def __init__(self, run: Run, quiet: bool = False, silent: bool = False):
        self.run, self.silent = run, silent
        self.console = Console(stderr=True, quiet=quiet or silent)
        columns = (
            TextColumn("step"), MofNCompleteColumn(), BarColumn(24), TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )  # fmt: skip
        live = self.console.is_terminal and not self.console.quiet
        self.progress = Progress(*columns, console=self.console) if live else None
        self.bar: Any = None
        self.since, self.tokens, self.sums, self.count = time.monotonic(), 0, dict[str, float](), 0
        self.dev_text = ""
        self.board: Any = None

    def begin(self, step: int, steps: int) -> None:
        """Training goes on from `step`."""
        if self.silent:
            return
        self.forget_after(step)
        from torch.utils.tensorboard import SummaryWriter

        self.board = SummaryWriter(str(self.run.folder / "tensorboard"), purge_step=step or None)
        if self.progress:
            self.progress.start()
            self.bar = self.progress.add_task("", total=steps, completed=step)
        self.steps = steps
        self.since = time.monotonic()

    def forget_after(self, step: int) -> None:
        """Drop metrics of steps that will be made again."""
        if self.run.metrics.exists():
            lines = self.run.metrics.read_text("utf-8").splitlines(keepends=True)
            kept = [x for x in lines if x.endswith("\n") and json.loads(x)["step"] <= step]
            self.run.metrics.write_text("".join(kept), "utf-8")

    def step(self, at: dict, means: dict[str, float], lr: float, norm: float, weight: int) -> None:
        """After every update."""
        self.tokens += weight
        self.count += 1
        for k, v in means.items():
            self.sums[k] = self.sums.get(k, 0.0) + v
        if self.silent or at["step"] % SHOW:
            return
        seconds = time.monotonic() - self.since
        row = {k: v / self.count for k, v in self.sums.items()}
        speed = self.tokens / max(seconds, 1e-9)
        self.write(at, {**row, "lr": lr, "norm": norm, "tokens_per_s": speed})
        text = " ".join(f"{k} {v:.3f}" for k, v in row.items()) + f" · {speed:,.0f} tokens/s"
        if self.progress:
            self.progress.update(self.bar, completed=at["step"], description=text + self.dev_text)
        elif at["step"] % (SHOW * 4) == 0:
            left = (self.steps - at["step"]) * at["seconds"] / max(at["step"], 1)
            self.console.print(
                f"step {at['step']}/{self.steps} {text} · epoch {at['epoch'] + 1} · "
                f"{left / 60:.1f} min left", highlight=False,
            )  # fmt: skip
        self.since, self.tokens, self.sums, self.count = time.monotonic(), 0, {}, 0

    def dev(self, at: dict, dev: Dev) -> None:
        """After a look at the dev set."""
        if self.silent:
            return
        self.write(at, dev.shown)
        self.dev_text = f" · dev {dev.score:.2f}"
        shown = "  ".join(f"{k} {v:.3f}" for k, v in dev.shown.items())
        best = " (best)" if at["stale"] == 0 else ""
        print_ = self.console.print
        print_(f"[bold]step {at['step']}[/] {shown}{best} · {at['seconds']:.0f} s", highlight=False)
        for sample in dev.samples[:1]:
            for name, text in sample.items():
                print_(f"  {name:>9}  {text}", highlight=False, markup=False)
        self.since = time.monotonic()

    def write(self, at: dict, values: dict[str, float]) -> None:
        """A line of metrics.jsonl, and TensorBoard."""
        row = {"step": at["step"], "epoch": at["epoch"], "seconds": round(at["seconds"], 2)}
        with self.run.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row, **{k: round(v, 6) for k, v in values.items()}}) + "\n")
        for name, value in values.items():
            self.board.add_scalar(name, value, at["step"])

    def resumed(self, at: dict) -> None:
        """A checkpoint was taken up."""
        self.say(f"going on from step {at['step']}")

    def say(self, text: str) -> None:
        """A line for whoever watches."""
        self.console.print(text, highlight=False, markup=False)

    def warn(self, text: str) -> None:
        """A line that must not be missed."""
        if not self.silent:
            print(f"warning: {text}", file=sys.stderr)

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self.progress:
            self.progress.stop()
        if self.board:
            self.board.close()
