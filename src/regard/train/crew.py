"""Several processes on one CPU: each trains its share of every batch on cores of its own.

Two threads under every operation wait for each other hundreds of times a step; two processes once.
The first is the process that asked; the others are started here, and end with it. Where `torchrun`
has made the processes, or the work is too little to win back the start of another, this does
nothing.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import torch
import yaml

from regard import recipe as recipes
from regard.recipe import Recipe, UserError

MOST = 4  # processes; further cores become threads of each
WORTH = 1_000_000  # tokens to train on, from which another process pays
LEAVING = 20.0  # seconds that the others have to end by themselves


def how_many(recipe: Any, device: str, asked: int | None) -> int:
    """How many processes train this: as many as asked for, or what pays.

    Raises UserError if several were asked for where only one can be.
    """
    if asked is not None and asked < 1:
        raise UserError(f"processes: {asked} are too few; at least 1")
    made = int(os.environ.get("WORLD_SIZE", 1))
    gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if made > 1 or gpu:
        if asked not in (None, 1):
            raise UserError("processes: is for a CPU; use torchrun for GPUs, and without this")
        return 1
    if asked is not None:
        return asked
    work = recipe.train.steps * recipe.train.batch_tokens
    return min(torch.get_num_threads(), MOST) if work >= WORTH else 1


@contextmanager
def crew(recipe: Recipe, folder: Path, count: int) -> Iterator[int]:
    """Be the first of so many processes; gives the threads that are free while the others wait.

    Raises UserError if one of the others fails first.
    """
    threads = torch.get_num_threads()
    if count == 1:
        yield threads
        return
    share = max(threads // count, 1)
    before = dict(os.environ)
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(count)}
    with tempfile.TemporaryFile() as said:
        others = [start({**before, **told, "RANK": str(i)}, recipe, folder, share, said)
                  for i in range(1, count)]  # fmt: skip
        os.environ.update(told, RANK="0")
        torch.set_num_threads(share)
        try:
            yield threads
        except RuntimeError as error:  # what gloo raises when another is gone
            fallen = [x for x in others if x.poll() not in (None, 0)]
            if not fallen:
                raise
            raise UserError(
                f"training: another process ended ({last_line(said) or error}); "
                "the same command goes on, and --processes 1 does without others"
            ) from error
        finally:
            torch.set_num_threads(threads)
            for name in (*told, "RANK"):
                os.environ.pop(name)
                if name in before:
                    os.environ[name] = before[name]
            leave(others)


def start(
    environment: dict[str, str], recipe: Recipe, folder: Path, threads: int, said: IO[bytes]
) -> subprocess.Popen:
    """Another process; what it says goes to `said`."""
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    made = subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder), str(threads)], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=said, env={**environment, "PYTHONPATH": paths},
    )  # fmt: skip
    assert made.stdin is not None
    with suppress(BrokenPipeError), made.stdin as told:
        told.write(recipes.dump(recipe).encode())
    return made


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def last_line(said: IO[bytes]) -> str:
    """Of what the others said."""
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else ""


def leave(others: list[subprocess.Popen]) -> None:
    """Wait until the others have ended, and make those end that do not."""
    for other in others:
        try:
            other.wait(LEAVING)
        except subprocess.TimeoutExpired:
            other.kill()
            other.wait()


def main(folder: str, threads: str) -> None:
    """The life of another process."""
    from regard.train.training import train

    torch.set_num_threads(int(threads))  # whatever the environment says
    recipe = recipes.make(yaml.safe_load(sys.stdin.buffer.read()))
    with suppress(KeyboardInterrupt, UserError):  # the first one says it
        train(recipe, folder, "cpu", quiet=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
