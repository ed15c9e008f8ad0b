"""From a recipe to a run: begin or go on, train, choose the weights to use, write the card."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regard.recipe import Recipe
from regard.run import Run, flush
from regard.train import card, checkpoint, weights
from regard.train.distributed import world
from regard.train.loop import Loop
from regard.train.machine import keep_freed_memory
from regard.train.report import Report


def train(recipe: Recipe, out: Path | str, device: str = "auto", quiet: bool = False) -> Run:
    """Train a recipe into the folder `out`, or go on with what is there.

    Raises UserError if `out` holds something else, or the recipe's data is not as it should be;
    KeyboardInterrupt, after saving, if it was interrupted.
    """
    keep_freed_memory()
    run = Run(out)
    with world(device) as here:
        if here.first:
            run.create(recipe)
        here.barrier()
        report = Report(run, quiet, silent=not here.first)
        task = recipe.begin(run)  # type: ignore[attr-defined]
        if here.first:
            save_aside(task, run)
        here.barrier()
        config = recipe.train  # type: ignore[attr-defined]
        loop = Loop(task, config, run, here, report)
        with interruptible(loop):
            try:
                loop.fit(recipe.seed)
            finally:
                report.end()
        if loop.stop == "signal":
            report.say(f"saved at step {loop.at['step']}; the same command goes on from there")
            raise KeyboardInterrupt
        if here.first:
            finish(loop, task, config, run)
        here.barrier()
    return run


def save_aside(task: Any, run: Run) -> None:
    """Tokenizers and the like, in a folder that appears only complete."""
    if run.tokenizer.exists():
        return
    import os
    import shutil

    aside = run.tokenizer.with_name(".tokenizer.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    task.save(aside)
    os.rename(aside, run.tokenizer)
    flush(run.folder)


@contextmanager
def interruptible(loop: Loop) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the step at hand, save, and stop; a second Ctrl-C stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: Any) -> None:
        loop.stop = "signal"
        signal.signal(signal.SIGINT, old[0])

    old = [signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), old, strict=True):
            signal.signal(number, handler)


def finish(loop: Loop, task: Any, config: Any, run: Run) -> None:
    """Write model.safetensors: the best on dev of the best checkpoint and the average of the newest."""
    from safetensors.torch import load_file

    chosen, score = "the checkpoint that was best on dev", loop.at["best"]
    tensors = load_file(run.folder / "best.safetensors")
    newest = checkpoint.all_of(run.checkpoints)[-config.average :]
    if config.average > 1 and len(newest) > 1:
        mean = weights.average(newest)
        checkpoint.restore(task.model, mean)
        dev = task.dev(loop.world.device)
        loop.report.say(f"average of {len(newest)} checkpoints: dev {dev.score:.2f} (best single {score:.2f})")
        if dev.score >= score:
            tensors, score = mean, dev.score
            chosen = f"the average of the newest {len(newest)} checkpoints"
    weights.keep(run.model, tensors)
    run.note(
        steps=loop.at["step"], epochs=loop.at["epoch"] + 1, target_tokens=loop.at["tokens"],
        seconds=round(loop.at["seconds"], 1), dev_score=score, weights=chosen,
        parameters=sum(p.numel() for p in task.model.parameters()),
        history=loop.at["history"], stopped=loop.stop or "steps", data=task.facts(),
    )  # fmt: skip
    card.write(run)
