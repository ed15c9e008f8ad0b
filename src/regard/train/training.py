"""From a recipe to a run: begin or go on, train, choose the weights to use, write the card."""

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from torch import Tensor

from regard.machine import keep_freed_memory
from regard.recipe import Recipe, UserError
from regard.run import Run, whole, whole_folder
from regard.tasks.base import Task
from regard.train import card, checkpoint, weights
from regard.train.crew import crew, how_many
from regard.train.distributed import World, world
from regard.train.loop import Loop
from regard.train.report import Report

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def train(
    recipe: Recipe,
    out: Path | str,
    device: str = "auto",
    quiet: bool = False,
    until: int | None = None,
    processes: int | None = None,
) -> Run:
    """Train a recipe into the folder `out`, or go on with what is there.

    `until`: stop, saved, after this step. `processes`: on a CPU; else as many as pay. Raises
    UserError if `out` holds something else, if the recipe's data is not as it should be, or if the
    disk is full; KeyboardInterrupt, after saving, if it was interrupted.
    """
    keep_freed_memory()
    run = Run(out)
    recipe = recipe.settled(run)
    count = how_many(recipe, device, processes)
    with crew(recipe, run.folder, count) as cores, world(device, cores) as here, writing(run, here):
        if here.first:
            run.create(recipe)
        with run.claimed() if here.first else nullcontext():
            task = begin(recipe, run, here)
            report = Report(run, quiet, silent=not here.first)
            loop = Loop(task, recipe.train, run, here, report)  # type: ignore[attr-defined]
            try:
                with interruptible(loop):
                    try:
                        loop.fit(recipe.seed, until)
                    finally:
                        report.end()
                conclude(loop, until)
            finally:
                loop.let_go()
    return run


def conclude(loop: Loop, until: int | None) -> None:
    """Finish, or tell where it goes on. Raises KeyboardInterrupt if somebody stopped it."""
    if loop.ended:
        finish(loop)
        loop.world.barrier()
        return
    step = loop.at["step"]
    loop.report.say(f"saved at step {step}; the same command goes on from there")
    if until is None or step < until:
        raise KeyboardInterrupt


@contextmanager
def writing(run: Run, here: World) -> Iterator[None]:
    """A full disk is told in a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL or not here.first:
            raise
        said = f"{error.filename or run.folder}: could not be written ({error.strerror})"
        raise UserError(f"{said}; free some room, and the same command goes on") from None


def begin(recipe: Recipe, run: Run, here: World) -> Task:
    """The task; the first process makes its tokenizers and saves them, the others find them."""
    for turn in (here.first, not here.first):
        if turn:
            task: Task = recipe.begin(run)  # type: ignore[attr-defined]
            if not run.tokenizer.exists():
                with whole_folder(run.tokenizer) as aside:
                    task.save(aside)
        here.barrier()
    return task


@contextmanager
def interruptible(loop: Loop) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the step at hand, save, and stop; a second Ctrl-C stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: Any) -> None:
        loop.asked = True
        signal.signal(signal.SIGINT, old[0])

    old = [signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), old, strict=True):
            signal.signal(number, handler)


def finish(loop: Loop) -> None:
    """Write model.safetensors, the facts and the card."""
    run, task, at = loop.run, loop.task, loop.at
    tensors, score, chosen = choose(loop)
    if not loop.world.first:
        return
    with whole(run.model) as aside:
        checkpoint.keep(aside, tensors)
    task.batches(loop.config.batch_tokens, loop.turn)  # facts are of the last turn
    run.note(
        steps=at["step"], epochs=at["epoch"] + 1, target_tokens=at["tokens"],
        seconds=round(at["seconds"], 1), dev_score=score, weights=chosen,
        parameters=sum(p.numel() for p in task.model.parameters()),
        history=at["history"], stopped=loop.ended, data=task.facts(),
    )  # fmt: skip
    card.write(run)


def choose(loop: Loop) -> tuple[dict[str, Tensor], float, str]:
    """The weights to use, their dev score, and what they are: the best, or the newest averaged."""
    looks, there = loop.at["history"], {}
    for step, score in looks:
        path = checkpoint.at(loop.run.checkpoints, step)
        wrong = checkpoint.fault(path) if path.exists() else None
        if wrong:
            loop.report.warn(f"{path} is damaged ({wrong}) and left out")
        elif path.exists():
            there[step] = score, path
    step, (score, path) = max(there.items(), key=lambda item: item[1][0])
    best = weights.average([path]), score, f"the checkpoint that was best on dev, step {step}"
    newest = [there[step][1] for step, _ in looks[-loop.config.average :] if step in there]
    if len(newest) < 2:
        return best
    mean = weights.average(newest)
    dev = loop.judge(mean)
    mean_score = loop.world.agree(dev.score if dev else 0.0)
    name = f"the average of the newest {len(newest)} checkpoints"
    loop.report.say(f"{name}: dev {mean_score:.2f} (best single one {score:.2f})")
    return best if mean_score < score else (mean, mean_score, name)
