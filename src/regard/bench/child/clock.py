"""What every measured process shares: settings in, a clock over tokens, one line of JSON out.

Only the standard library: the peers' scripts, which run in environments of their own, find this
file through PYTHONPATH and import nothing else of ours.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESERVE = 2  # updates that are warm-up, however long they take


class Done(Exception):
    """Enough has been measured; training may stop."""


class Clock:
    """Counts from the end of the warm-up (`warm` seconds) for `seconds`, or for `steps` updates.

    From now on whatever the process prints goes to standard error: `say` alone uses the output.
    """

    def __init__(self, settings: dict[str, Any]):
        self.settings = settings
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        sys.stdout.flush()
        os.dup2(2, 1)
        self.first: float | None = None  # when the first update ended
        self.began: float | None = None  # when the warm-up ended
        self.before = self.steps = self.tokens = 0
        self.seconds = self.peak = 0.0

    def tick(self, tokens: int) -> None:
        """After each update, with its target tokens (eos counted, padding not).

        Raises Done when enough has been measured.
        """
        now = time.perf_counter()
        if self.first is None:
            self.first = now
        if self.began is None:
            self.before += 1
            if self.before >= RESERVE and now - self.first >= self.settings["warm"]:
                self.began = settled()
        else:
            self.steps += 1
            self.tokens += tokens
            if not self.settings.get("steps") and now - self.began >= self.settings["seconds"]:
                raise self.end()
        if self.settings.get("steps") and self.before + self.steps >= self.settings["steps"]:
            raise self.end()

    def end(self) -> Done:
        """Stop counting."""
        self.seconds = settled() - (self.began or settled())
        self.peak = peak_mib()
        return Done()

    def trained(self, **more: Any) -> None:
        """Say how fast training was."""
        if not self.steps:
            sys.exit("the training ended before anything was measured")
        self.say(
            tokens_per_s=self.tokens / self.seconds, tokens=self.tokens, steps=self.steps,
            seconds=self.seconds, **more,
        )  # fmt: skip

    def translated(self, answer: Callable[[int], list[list[int]]], **more: Any) -> None:
        """Let it answer the first sentences, uncounted, then all of them; keep what it answered.

        `answer`: ids of the best answers to so many of the sentences of `work`.
        """
        told, count = self.settings, self.settings["lines"]
        answer(told["warm_lines"])
        began = settled()
        made = answer(count)
        seconds = settled() - began
        Path(told["answers"]).write_text(json.dumps(made), "utf-8")
        self.say(
            sentences_per_s=count / seconds, seconds=seconds, sentences=count,
            tokens=sum(map(len, made)) / count, **more,
        )  # fmt: skip

    def say(self, **found: Any) -> None:
        """The line of JSON, with the peak of resident memory and, on a GPU, of its own."""
        cuda = on_gpu()
        if cuda is not None:
            found["device_peak_mib"] = cuda.max_memory_allocated() / 2**20
        peak = max(self.peak, peak_mib())
        print(json.dumps({**found, "peak_mib": peak}), file=self.out, flush=True)


def settings() -> dict[str, Any]:
    """Those in the file that ends the command line."""
    return json.loads(Path(sys.argv[-1]).read_text("utf-8"))


def work(told: dict[str, Any]) -> dict[str, Any]:
    """The sentences to translate: `texts`, encoded `ids` (eos included), `longest` answers."""
    return json.loads(Path(told["work"]).read_text("utf-8"))


def settled() -> float:
    """The time, once a GPU has done what it was told to do."""
    cuda = on_gpu()
    if cuda is not None:
        cuda.synchronize()
    return time.perf_counter()


def on_gpu() -> Any:
    """torch.cuda, if this process uses it."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None


def peak_mib() -> float:
    """The most memory that this process, and each of those it has started, held at a time.

    Linux counts the peak of the process that started this one into `ru_maxrss`, but not into VmHWM.
    """
    try:
        started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return sum(held(Path("/proc", pid)) for pid in ("self", *started))
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def held(process: Path) -> float:
    """The most that one process held; nothing once it has ended."""
    lines = (process / "status").read_text().partition("VmHWM:")[2].split()
    return int(lines[0]) / 1024 if lines else 0.0
