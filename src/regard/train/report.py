"""What training says: a progress line, metrics.jsonl, TensorBoard, dev scores with samples."""

import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from regard import run as runs
from regard.run import Run
from regard.tasks.base import Dev

SHOW = 50  # steps between lines of metrics


class Report:
    """Talks on standard error; `quiet` writes files only; `silent` (other devices) nothing at all.

    What a line of metrics sums up is in `at["since"]`, so that a resumed run writes the same line.
    """

    def __init__(self, run: Run, quiet: bool = False, silent: bool = False):
        self.run, self.silent, self.steps = run, silent, 0
        self.console = Console(stderr=True, quiet=quiet or silent, highlight=False)
        columns = (
            TextColumn("step"), MofNCompleteColumn(), BarColumn(24), TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )  # fmt: skip
        live = self.console.is_terminal and not self.console.quiet
        self.progress = Progress(*columns, console=self.console) if live else None
        self.bar: Any = None
        self.dev_text = ""
        self.board: Any = None

    def begin(self, step: int, steps: int) -> None:
        """Training goes on from `step`."""
        self.steps = steps
        if self.silent:
            return
        self.forget_after(step)
        from torch.utils.tensorboard import SummaryWriter

        self.board = SummaryWriter(str(self.run.folder / "tensorboard"), purge_step=step + 1)
        if self.progress:
            self.progress.start()
            self.bar = self.progress.add_task("", total=steps, completed=step)

    def forget_after(self, step: int) -> None:
        """Drop metrics of steps that will be made again, and a line that a kill cut short."""
        if self.run.metrics.exists():
            lines = self.run.metrics.read_text("utf-8", errors="replace").split("\n")
            kept = [f"{x}\n" for x in lines if 0 <= step_of(x) <= step]
            runs.write(self.run.metrics, "".join(kept))

    def step(self, at: dict, means: dict, rates: dict, seconds: float) -> None:
        """After an update of so many seconds: numbers to average over steps, others as they are."""
        since = at["since"]
        since["steps"] += 1
        since["seconds"] += seconds
        for k, v in means.items():
            since["sums"][k] = since["sums"].get(k, 0.0) + v
        if at["step"] % SHOW:
            return
        row = {k: v / since["steps"] for k, v in since["sums"].items()}
        speed = (at["tokens"] - since["tokens"]) / max(since["seconds"], 1e-9)
        pace = since["seconds"] / since["steps"]  # of late: the machine may have been busy before
        at["since"] = fresh(at["tokens"])
        if self.silent:
            return
        self.write(at, {**row, **rates, "tokens_per_s": speed})
        text = " ".join(f"{k} {v:.3f}" for k, v in row.items()) + f" · {speed:,.0f} tokens/s"
        if self.progress:
            self.progress.update(self.bar, completed=at["step"], description=text + self.dev_text)
        elif at["step"] % (SHOW * 4) == 0:
            left = (self.steps - at["step"]) * pace
            where = f"epoch {at['epoch'] + 1} · {left / 60:.1f} min left"
            self.say(f"step {at['step']}/{self.steps} {text} · {where}")

    def dev(self, at: dict, dev: Dev, best: bool) -> None:
        """After a look at the dev set."""
        self.write(at, dev.shown)
        self.dev_text = f" · dev {dev.score:.2f}"
        shown = "  ".join(f"{k} {v:.3f}" for k, v in dev.shown.items())
        end = f"{' (best)' if best else ''} · {at['seconds']:.0f} s"
        self.console.print(f"[bold]step {at['step']}[/] {shown}{end}", soft_wrap=True)
        for sample in dev.samples[:1]:
            for name, text in sample.items():
                self.say(f"  {name:>9}  {text}")

    def write(self, at: dict, values: dict[str, float]) -> None:
        """A line of metrics.jsonl, and TensorBoard."""
        row = {"step": at["step"], "epoch": at["epoch"], "seconds": round(at["seconds"], 2)}
        with self.run.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row, **{k: round(v, 6) for k, v in values.items()}}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        for name, value in values.items():
            self.board.add_scalar(name, value, at["step"])

    def say(self, text: str) -> None:
        """A line for whoever watches."""
        self.console.print(text, markup=False, soft_wrap=True)

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


def fresh(tokens: int = 0) -> dict[str, Any]:
    """Nothing summed up yet, after so many tokens."""
    return {"steps": 0, "tokens": tokens, "seconds": 0.0, "sums": {}}


def step_of(line: str) -> int:
    """The step of a line of metrics, -1 if it is none."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, TypeError, KeyError):
        return -1
