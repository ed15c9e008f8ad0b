"""Two processes train what one trains, as replicas or in shards, and each kind resumes exactly."""

import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from training_toys import SURE, corpus, facts, metrics, recipe

from regard.run import Run
from regard.train.checkpoint import at
from regard.train.verify import differences

KINDS = ("ddp", "fsdp")


@pytest.fixture(scope="module")
def made(server, tmp_path_factory):
    """One process, then two of each kind; an epoch's last batch leaves one of them without rows."""
    folder = tmp_path_factory.mktemp("runs")
    data = corpus(folder / "data", rows=29)
    runs = {}
    for kind in ("one", *KINDS):
        changes = [*SURE, f"train.parallel={'ddp' if kind == 'one' else kind}"]
        made = recipe(data, changes, steps=10, every=5, average=2, batch_tokens=40)
        out = folder / kind
        codes = server.together("losses", made, out, processes=1 if kind == "one" else 2)
        assert set(codes) == {0}, Path(f"{out}.log").read_text()
        runs[kind] = Run(out), made
    return runs


def numbers(run, name):
    return torch.tensor([x[name] for x in metrics(run) if name in x], dtype=torch.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_have_the_losses_of_one(made, kind):
    one, two = made["one"][0], made[kind][0]
    assert len(numbers(one, "nll")) == 10
    for name in ("nll", "norm", "dev_nll"):
        torch.testing.assert_close(numbers(two, name), numbers(one, name), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_leave_the_weights_and_files_of_one(made, kind):
    one, two = made["one"][0], made[kind][0]
    a, b = load_file(one.model), load_file(two.model)
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(b[name], a[name], rtol=0, atol=1e-5)
    for name in ("model", "ema", "optimizer"):
        a, b = (load_file(at(r.checkpoints, 10) / f"{name}.safetensors") for r in (one, two))
        assert {k: v.shape for k, v in a.items()} == {k: v.shape for k, v in b.items()}
        for key in a:
            torch.testing.assert_close(b[key], a[key], rtol=1e-3, atol=1e-5)
    assert facts(one)["parameters"] == facts(two)["parameters"]


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_resume_exactly(server, made, kind, tmp_path):
    straight, made_of = made[kind]
    out = tmp_path / "again"
    for until in (7, None):
        codes = server.together("losses", made_of, out, until=until)
        assert codes == [0, 0], Path(f"{out}.log").read_text()
    assert differences(straight, Run(out)) == []
    assert facts(straight) == facts(Run(out))


def test_an_error_in_one_ends_all(server, made, tmp_path):
    out = tmp_path / "broken"
    began = time.monotonic()
    codes = server.together("losses", made["ddp"][1], out, fails=1)
    assert 0 not in codes and "planted" in Path(f"{out}.log").read_text()
    assert time.monotonic() - began < 120


def test_other_numbers_of_processes_go_on_but_say_so(server, made, tmp_path):
    out = tmp_path / "fewer"
    assert server.together("losses", made["fsdp"][1], out, until=7) == [0, 0]
    assert server.run("losses", made["fsdp"][1], out) == 0
    assert "processes 2 then and 1 now" in Path(f"{out}.log").read_text()
    a, b = numbers(made["one"][0], "nll"), numbers(Run(out), "nll")
    torch.testing.assert_close(b, a, rtol=0, atol=1e-5)


def test_an_uneven_batch_was_among_them(made):
    """The last batch of an epoch has fewer rows than there were parts."""
    from regard.tasks.translate import Translate

    run, recipe = made["one"]
    task = Translate(recipe, run)
    sizes = {len(rows) for epoch in range(3) for rows in task.batches(40, epoch)}
    assert min(sizes) < 4 and any(n % 4 for n in sizes)


def test_a_signal_to_one_stops_all_after_the_same_step(server, made, tmp_path):
    straight, made_of = made["ddp"]
    out = tmp_path / "stopped"
    codes = server.together("losses", made_of, out, signalled=1)
    assert codes == [130, 130]
    assert not Run(out).model.exists()
    assert server.together("losses", made_of, out) == [0, 0]
    assert differences(straight, Run(out)) == []
