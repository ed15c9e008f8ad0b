"""Several processes on one CPU: when, with what result, and what happens when one of them ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tiny import changed, tiny

from regard.recipe import UserError
from regard.run import Run
from regard.train import crew
from regard.train.training import train

SHORT = ("train.steps=12", "train.every=6", "train.optim.warmup=2")


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def losses(folder: Path) -> list[float]:
    rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [row["nll"] for row in rows if "nll" in row]


def test_only_work_that_pays_is_shared(two_threads, monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    little, much = changed(*SHORT), changed("train.steps=2000")
    assert crew.how_many(little, "cpu", None) == 1 and crew.how_many(much, "cpu", None) == 2
    assert crew.how_many(little, "cpu", 3) == 3 and crew.how_many(much, "cuda", None) == 1
    for device, asked in (("cpu", 0), ("cuda", 2)):
        with pytest.raises(UserError, match="processes"):
            crew.how_many(much, device, asked)
    monkeypatch.setenv("WORLD_SIZE", "2")  # torchrun has made them
    assert crew.how_many(much, "cpu", None) == 1
    with pytest.raises(UserError, match="torchrun"):
        crew.how_many(much, "cpu", 2)


def test_two_processes_learn_what_one_learns(tmp_path, two_threads):
    names = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    before = [os.environ.get(name) for name in names]
    alone = tiny(tmp_path / "alone", *SHORT)
    both = train(changed(*SHORT), tmp_path / "both", "cpu", quiet=True, processes=2)
    assert [os.environ.get(name) for name in names] == before and torch.get_num_threads() == 2
    assert losses(both.folder) == pytest.approx(losses(alone.folder), rel=1e-4)
    assert both.info()["target_tokens"] == alone.info()["target_tokens"]


def test_two_processes_go_on_bit_for_bit(tmp_path, two_threads):
    recipe = changed(*SHORT, "model.encoder.block.dropout=0.3", "model.decoder.block.dropout=0.3")
    whole, cut = (Run(tmp_path / name) for name in ("whole", "cut"))
    train(recipe, whole.folder, "cpu", quiet=True, processes=2)
    train(recipe, cut.folder, "cpu", quiet=True, until=5, processes=2)
    train(recipe, cut.folder, "cpu", quiet=True, processes=2)
    assert cut.model.read_bytes() == whole.model.read_bytes()


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_a_mistake_is_told_once_and_nobody_is_left(tmp_path, two_threads):
    wrong = changed(*SHORT, "train.optim.lr=1e30", "train.optim.clip=0")
    others = set(children(os.getpid()))  # of other tests: a browser, say
    with pytest.raises(UserError, match="not finite"):
        train(wrong, tmp_path / "run", "cpu", quiet=True, processes=2)
    assert all(gone(pid) for pid in set(children(os.getpid())) - others)


def children(pid: int) -> list[int]:
    return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    """Has the process ended, be it that nobody has asked how yet?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


COMMAND = """
import sys; sys.path.insert(0, sys.argv[2])
from pathlib import Path
from tiny import changed
from regard.train.training import train
if __name__ == "__main__":
    train(changed("train.steps=5000", "train.every=5000"), Path(sys.argv[1]), "cpu", processes=2)
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
@pytest.mark.parametrize("who", ["interrupted", "the other killed", "the first killed"])
def test_when_one_of_them_is_made_to_end(tmp_path, who):
    here = str(Path(__file__).parent)
    folder = tmp_path / "run"
    run = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(folder), here], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    until = time.monotonic() + 120
    while not (folder / "metrics.jsonl").exists() and time.monotonic() < until:
        time.sleep(0.2)
    (other,) = children(run.pid)
    victim = other if who == "the other killed" else run.pid
    os.kill(victim, signal.SIGTERM if who == "interrupted" else signal.SIGKILL)
    _, said = run.communicate(timeout=120)
    until = time.monotonic() + 60
    while not gone(other) and time.monotonic() < until:
        time.sleep(0.2)
    assert gone(other) and run.returncode != 0
    if who == "interrupted":
        assert "KeyboardInterrupt" in said and list((folder / "checkpoints").iterdir())
    if who == "the other killed":
        assert "another process ended" in said
