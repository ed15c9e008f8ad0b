"""The process in which one attention is measured, length by length.

Forward, then forward and backward, of a core over random queries, keys and values: no projections,
so that what is seen is the mechanism's own cost.

`B` rows, `H` heads, `T` positions, `K` head width.
"""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import torch

from regard.attention.base import Core
from regard.attention.scope import Causal, scope_of
from regard.bench.child.clock import Clock, settings
from regard.machine import give_back_freed_memory
from regard.pass_ import Pass, encoding
from regard.recipe import UserError

PATIENCE = 0.4  # seconds of repetitions for one figure
GROWTH = 4.5  # a doubled length costs at most about so much more


def measure(told: dict[str, Any]) -> dict[str, dict[str, float]]:
    """By length: seconds forward and altogether, and MiB that they took beyond the input.

    Ends early where the next length would take too long, or too much memory.
    """
    found: dict[str, dict[str, float]] = {}
    for length in told["lengths"]:
        core, inputs, pass_ = made(told, length)

        def forward(core: Core = core, inputs: list = inputs, pass_: Pass = pass_) -> torch.Tensor:
            trip = replace(pass_, scopes={}, scores=None, aux=[])  # who sees whom is work too
            return core(*inputs, scope_of(trip), None)[0]

        def both(forward: Callable[[], torch.Tensor] = forward) -> None:
            forward().sum().backward()

        with torch.inference_mode():
            ahead = seconds(forward)
        all_, memory = peaked(both)
        found[str(length)] = {"forward_s": ahead, "both_s": min(all_, seconds(both)), "mib": memory}
        last = found[str(length)]
        if last["both_s"] * GROWTH > told["most_s"] or last["mib"] * GROWTH > told["most_mib"]:
            break
    return found


def made(told: dict[str, Any], length: int) -> tuple[Core, list[torch.Tensor], Pass]:
    """The kind with its settings, something to attend to, and the trip."""
    torch.manual_seed(told["seed"])
    kind = import_module(f"regard.attention.{told['kind']}").Config
    longest = {"length": length} if "length" in kind.model_fields else {}
    config = kind(heads=told["heads"], **longest)
    K = told["width"] // told["heads"]
    core = config.core(K).train()
    heads, groups = told["heads"], core.key_heads or told["heads"]
    inputs = [torch.randn(1, n, length, K, requires_grad=True) for n in (heads, groups, groups)]
    pass_ = encoding(None, torch.zeros(1, length, 1))
    if told["causal"]:
        if not core.incremental:
            raise UserError(f"{told['kind']}: cannot write, so it has no causal form")
        pass_.rules = (Causal(),)
    return core, inputs, pass_


def seconds(run: Callable[[], Any]) -> float:
    """The median of some repetitions."""
    run()
    times: list[float] = []
    while sum(times) < PATIENCE or len(times) < 3:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        if times[-1] > 4 * PATIENCE:
            break
    return median(times)


def peaked(run: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of one run, and MiB resident at its height beyond what was before."""
    gc.collect()
    give_back_freed_memory()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (Linux)
    before, start = resident("VmRSS"), time.perf_counter()
    run()
    return time.perf_counter() - start, (resident("VmHWM") - before) / 1024


def resident(what: str) -> int:
    """KiB of this process: now (VmRSS) or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def main() -> None:
    """One kind."""
    told = settings()
    clock = Clock(told)
    torch.set_num_threads(told["threads"])
    try:
        found = measure(told)
        last = list(found)[-1]
        clock.say(**{f"ms_at_{last}": 1000 * found[last]["both_s"]}, lengths=found)
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
