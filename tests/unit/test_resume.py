"""A run killed, stopped, damaged or out of room, then started again, ends where another does.

Children are real processes that die of real signals, after seconds (computed) drawn from a seed.
"""

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from training_toys import corpus, cpu_time, facts, metrics, over, recipe

from regard import recipe as recipes
from regard.recipe import UserError
from regard.run import FORMAT, Run
from regard.train import checkpoint
from regard.train.verify import differences, verify

STOP = 14  # where a run is cut in two: between looks at dev, lines of metrics, ends of epochs


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return recipe(corpus(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def straight(server, made, tmp_path_factory):
    """The undisturbed run."""
    out = tmp_path_factory.mktemp("straight") / "run"
    assert server.run("train", made, out) == 0, said(out)
    return Run(out)


@pytest.fixture(scope="module")
def half(server, made, tmp_path_factory):
    """A run stopped at STOP, to be copied."""
    out = tmp_path_factory.mktemp("half") / "run"
    assert server.run("train", made, out, until=STOP) == 0, said(out)
    assert checkpoint.steps(Run(out).checkpoints)[-3:] == [9, 12, STOP]
    return out


def said(out):
    log = Path(f"{out}.log")
    return log.read_text("utf-8") if log.exists() else ""


def assert_same(straight, run):
    """Weights, optimiser, generators, metrics, facts; nothing half written is left."""
    assert differences(straight, run) == []
    assert facts(straight) == facts(run)
    assert metrics(straight) == metrics(run)
    assert not [f for f in run.folder.rglob(".*.part")]


# Kills


def strike(child, mark, rng, seconds):
    """Kill a child once it has computed for so long; with None, in its first or second saving."""
    skip = rng.randrange(2)
    writing = False
    while not over(child):
        if seconds is None:
            before, writing = writing, mark.exists()
            skip -= before and not writing
            if writing and skip <= 0:
                time.sleep(rng.random() * 0.15)
                break
        elif cpu_time(child) >= seconds:
            break
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)


def test_kills_change_nothing(server, made, straight, tmp_path):
    """At least 20, of which 5 or more while a checkpoint is written."""
    rng = random.Random(20)
    kills = writing = runs = 0
    while kills < 20 or writing < 5:
        out = tmp_path / f"{runs}"
        mark, runs, code = Path(f"{out}.writing"), runs + 1, None
        while code != 0:
            mark.unlink(missing_ok=True)
            slow = rng.random() < 0.4
            child = server.start("train", made, out, slow=0.02 if slow else 0.0)
            strike(child, mark, rng, None if slow else rng.random() * 0.8)
            code = server.wait(child)
            assert code in (0, -signal.SIGKILL), said(out)
            kills += code != 0
            writing += code != 0 and mark.exists()
        assert_same(straight, Run(out))
        assert "is damaged" not in said(out)
    print(f"{kills} kills, {writing} of them in a checkpoint, {runs} runs")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruptions_are_saved(server, made, straight, tmp_path, number):
    out = tmp_path / "run"
    child = server.start("train", made, out, slow=0.01)
    while not checkpoint.steps(Run(out).checkpoints):
        assert not over(child), said(out)
        time.sleep(0.01)
    os.kill(child, number)
    assert server.wait(child) == 130, said(out)
    newest = checkpoint.steps(Run(out).checkpoints)[-1]
    assert checkpoint.fault(checkpoint.at(Run(out).checkpoints, newest)) is None
    assert server.run("train", made, out) == 0, said(out)
    assert_same(straight, Run(out))


# Damage


def truncate(folder):
    file = folder / "optimizer.safetensors"
    file.write_bytes(file.read_bytes()[:1000])


def flip(folder):
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-100] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(data))


def flip_manifest(folder):
    text = (folder / checkpoint.MANIFEST).read_bytes()
    (folder / checkpoint.MANIFEST).write_bytes(text[:40] + bytes([text[40] ^ 4]) + text[41:])


def no_manifest(folder):
    (folder / checkpoint.MANIFEST).unlink()


def no_list(folder):
    (folder / checkpoint.MANIFEST).write_text("[1]")


def gone(folder):
    (folder / "rng.safetensors").unlink()


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def copied(half, tmp_path):
    shutil.copytree(half, tmp_path / "run")
    return tmp_path / "run", Run(tmp_path / "run").checkpoints


@pytest.mark.parametrize("harm", [truncate, flip, flip_manifest, no_manifest, no_list, gone, empty])
def test_faults_are_found(half, tmp_path, harm):
    _, folder = copied(half, tmp_path)
    harm(checkpoint.at(folder, STOP))
    warnings = []
    assert checkpoint.newest(folder, warnings.append) == 12
    (warning,) = warnings
    assert f"step-{STOP:09d} is damaged" in warning and "going on from step-000000012" in warning


@pytest.mark.parametrize("harm", [flip, empty])
def test_a_damaged_checkpoint_is_passed_over(server, made, straight, half, tmp_path, harm):
    out, folder = copied(half, tmp_path)
    harm(checkpoint.at(folder, STOP))
    shutil.copytree(checkpoint.at(folder, 9), folder / f".step-{STOP:09d}.part")
    assert server.run("train", made, out) == 0, said(out)
    assert said(out).count("is damaged") == 1
    assert_same(straight, Run(out))


def test_all_damaged_starts_anew(server, made, straight, half, tmp_path):
    out, folder = copied(half, tmp_path)
    found = checkpoint.steps(folder)
    for step in found:
        flip(checkpoint.at(folder, step))
    assert server.run("train", made, out) == 0, said(out)
    assert said(out).count("is damaged") == len(found) and "training starts anew" in said(out)
    assert_same(straight, Run(out))


def test_a_checkpoint_that_was_to_be_averaged_is_missed(server, made, half, tmp_path):
    """A damaged old one is named and left out."""
    out, folder = copied(half, tmp_path)
    assert server.run("train", made, out, until=29) == 0, said(out)
    flip(checkpoint.at(folder, 24))
    assert server.run("train", made, out) == 0, said(out)
    assert "step-000000024 is damaged" in said(out) and "left out" in said(out)
    assert Run(out).model.exists()


def test_a_broken_line_of_metrics_is_made_again(server, made, straight, half, tmp_path):
    out, _ = copied(half, tmp_path)
    with Run(out).metrics.open("a") as file:
        file.write('{"step": 16, "nll": 1.0}\n{"step": 1')
    assert server.run("train", made, out) == 0, said(out)
    assert_same(straight, Run(out))


@pytest.mark.parametrize("room", [3_000, 50_000])
def test_a_full_disk_loses_nothing(server, made, straight, half, tmp_path, room):
    """Too little for the weights, then for the optimiser only."""
    out, folder = copied(half, tmp_path)
    sizes = [f.stat().st_size for f in checkpoint.at(folder, STOP).iterdir()]
    assert max(sizes) > 50_000 and any(3_000 < size < 50_000 for size in sizes)
    before = checkpoint.steps(folder)
    assert server.run("train", made, out, room=room) == 2
    told = said(out).strip().splitlines()
    assert len(told) == 1 and told[0].startswith("UserError: ")
    assert "could not be written (File too large); free some room" in told[0]
    assert checkpoint.steps(folder) == before
    assert all(checkpoint.fault(checkpoint.at(folder, step)) is None for step in before)
    assert not list(folder.glob(".*"))
    assert server.run("train", made, out) == 0, said(out)
    assert_same(straight, Run(out))


# What may go on where


def test_another_recipe_is_refused(made, half, tmp_path):
    out, _ = copied(half, tmp_path)
    other = recipes.make({**json.loads(made.model_dump_json()), "seed": 4})
    assert Run(out).create(made) is True
    with pytest.raises(UserError, match="holds a run of another recipe"):
        Run(out).create(other)


def test_a_newer_format_is_refused(made, half, tmp_path):
    out, _ = copied(half, tmp_path)
    Run(out).note(format=FORMAT + 1)
    with pytest.raises(UserError, match=f"format {FORMAT + 1} is not known.*update regard"):
        Run(out).create(made)


def test_a_folder_with_something_else_is_refused(made, tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(UserError, match="is not empty and holds no run"):
        Run(tmp_path).create(made)
    assert [f.name for f in tmp_path.iterdir()] == ["letters.txt"]


def test_a_run_killed_in_its_first_moment_can_start_again(made, tmp_path):
    (tmp_path / "recipe.yaml").write_text("task: tr")
    (tmp_path / ".run.json.abc.json").write_text("{")
    assert Run(tmp_path).create(made) is False
    assert Run(tmp_path).recipe == made


def test_two_cannot_train_into_one_folder(server, made, half, tmp_path):
    out, _ = copied(half, tmp_path)
    with Run(out).claimed():
        assert server.run("train", made, out) == 2
    assert "another process is training into it" in said(out)
    with Run(out).claimed():
        pass


def test_an_ended_run_is_finished_again(server, made, straight, tmp_path):
    """Killed between the last checkpoint and the model file."""
    shutil.copytree(straight.folder, tmp_path / "run")
    run = Run(tmp_path / "run")
    run.model.unlink()
    assert server.run("train", made, run.folder) == 0, said(run.folder)
    assert_same(straight, run)


def test_early_stopping_resumes(server, made, straight, tmp_path):
    settings = json.loads(made.model_dump_json())
    settings["train"] |= {"patience": 2, "steps": 60}
    patient = recipes.make(settings)
    runs = [Run(tmp_path / name) for name in ("straight", "stopped")]
    assert server.run("train", patient, runs[0].folder) == 0, said(runs[0].folder)
    end = runs[0].info()["steps"]
    assert runs[0].info()["stopped"] == "patience" and end < 60
    for until in (end - 2, end - 1, None):
        assert server.run("train", patient, runs[1].folder, until=until) == 0, said(runs[1].folder)
    assert_same(runs[0], runs[1])


# The proof


def test_verify_proves_it_and_writes_it_down(made, straight, tmp_path):
    shutil.copytree(straight.folder, tmp_path / "run")
    run = Run(tmp_path / "run")
    found = verify(run, steps=2)
    assert found["exact"] is True and found["steps"] == 4 and found["differs"] == []
    assert run.info()["resume"] == found
    card = (run.folder / "README.md").read_text("utf-8")
    assert f"exact: {found['text']} ({found['date']})" in card
    assert {**facts(run), "resume": None} == {**facts(straight), "resume": None}


def test_verify_says_what_fails(made, tmp_path):
    run = Run(tmp_path / "run")
    run.create(recipes.make({**json.loads(made.model_dump_json())}))
    text = (run.folder / "recipe.yaml").read_text()
    (run.folder / "recipe.yaml").write_text(text.replace(made.data.dir, str(tmp_path / "nowhere")))
    with pytest.raises(UserError, match="could not be trained here: .*nowhere"):
        verify(run, steps=2)


def test_every_difference_is_named(straight, tmp_path):
    shutil.copytree(straight.folder, tmp_path / "run")
    run = Run(tmp_path / "run")
    assert differences(straight, run) == []
    newest = checkpoint.at(run.checkpoints, 30)
    for name in ("model", "optimizer", "rng", "ema"):
        tensors = load_file(newest / f"{name}.safetensors")
        value = next(iter(tensors.values()))
        value.view(-1).view(torch.uint8)[0] ^= 1
        save_file(tensors, newest / f"{name}.safetensors")
    found = json.loads((newest / "facts.json").read_text())
    (newest / "facts.json").write_text(json.dumps({**found, "tokens": found["tokens"] + 1}))
    run.metrics.write_text(run.metrics.read_text().replace('"epoch": 0', '"epoch": 9', 1))
    data = run.model.read_bytes()
    run.model.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert differences(straight, run) == [
        "ema", "model", "optimizer", "rng", "position", "metrics", "final weights",
    ]  # fmt: skip
