"""The loop's parts, each against its formula, and the objectives against what they promise."""

import gc
import json
import math

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from training_toys import SURE, corpus, metrics, recipe

from regard.data.parallel import Batch
from regard.pass_ import Pass
from regard.recipe import UserError
from regard.run import Run
from regard.tasks.base import Dev
from regard.tasks.objective.base import Loss
from regard.train import report
from regard.train.checkpoint import at
from regard.train.config import Config, Optim
from regard.train.distributed import World
from regard.train.loop import Loop
from regard.train.optim import optimizer, rate
from regard.train.report import Report
from regard.train.training import train
from regard.train.verify import timeless
from regard.train.weights import Weights, average

HERE = World(0, 1, torch.device("cpu"))


class Lines:
    """A task of two slopes, the second of which only the last row uses; dev scores are given."""

    def __init__(self, scores=()):
        torch.manual_seed(5)
        self.model = nn.ParameterDict({"a": torch.zeros(2, 3), "b": torch.zeros(3)})
        self.scores, self.rows, self.blocks = list(scores), 12, 1

    def batches(self, budget, epoch):
        order = torch.randperm(self.rows, generator=torch.Generator().manual_seed(epoch)).numpy()
        return [order[i : i + budget] for i in range(0, self.rows, budget)]

    def batch(self, rows, epoch):
        x = torch.stack([torch.arange(3) + float(r) for r in rows]) / 10
        late = torch.tensor([bool(r == 11) for r in rows])
        return Batch(x, late, x.sum(1), x.new_zeros(len(rows)))

    def weight(self, rows, epoch):
        return len(rows)

    def loss(self, batch):
        y = (batch.source @ self.model["a"].T).sum(1) + torch.rand(()) / 100
        if batch.source_ok.any():
            y = y + batch.source_ok * (batch.source @ self.model["b"])
        loss = (y - batch.target_in).square().sum()
        return Loss(loss, {"error": loss.detach()})

    def dev(self, device):
        score = self.scores.pop(0) if self.scores else float(self.model["a"].detach().sum())
        return Dev(score, {"dev_score": score})

    def save(self, folder):
        pass

    def facts(self):
        return {}


def loop(folder, task=None, **settings):
    usual = {"batch_tokens": 4, "steps": 12, "every": 4, "precision": "float32"}
    config = Config(**{**usual, **settings})
    run = Run(folder)
    folder.mkdir(exist_ok=True)
    return Loop(task or Lines(), config, run, HERE, Report(run, quiet=True))


def fit(loop, until=None):
    loop.fit(1, until)
    loop.report.end()
    return loop


# Schedules, clipping, averages


@pytest.mark.parametrize(
    ("kind", "middle", "end"),
    [
        ("inverse_sqrt", (100 / 550) ** 0.5, (100 / 1000) ** 0.5),
        ("cosine", 0.1 + 0.9 * 0.5, 0.1),
        ("linear", 0.1 + 0.9 * 0.5, 0.1),
        ("constant", 1.0, 1.0),
    ],
)
def test_schedules(kind, middle, end):
    config = Optim(lr=0.02, schedule=kind, warmup=100, floor=0.1)
    rates = {step: rate(step, 1000, config) / 0.02 for step in (1, 50, 100, 101, 550, 1000)}
    assert rates[1] == pytest.approx(0.01) and rates[50] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(1) and 0.99 < rates[101] <= 1
    assert rates[550] == pytest.approx(middle) and rates[1000] == pytest.approx(end)
    none = Optim(lr=0.02, schedule=kind, warmup=0)
    assert rate(1, 10, none) == pytest.approx(0.02, rel=0.2) and rate(10, 10, none) >= 0


def test_inverse_sqrt_has_a_floor():
    config = Optim(lr=1, warmup=1, floor=0.5)
    assert rate(1000, 2000, config) == 0.5


def test_only_matrices_decay():
    model = nn.Linear(3, 2)
    groups = optimizer(model, Optim(weight_decay=0.1)).param_groups
    assert [(len(g["params"]), g["weight_decay"]) for g in groups] == [(1, 0.1), (1, 0.0)]
    assert groups[0]["params"][0] is model.weight


@pytest.mark.parametrize("clip", [0.0, 0.25])
def test_clipping(tmp_path, monkeypatch, clip):
    monkeypatch.setattr(report, "SHOW", 1)
    found = loop(tmp_path, steps=3, optim=Optim(clip=clip, warmup=0))
    norms, step = [], found.optimizer.step

    def watched():
        grads = [p.grad.flatten() for p in found.task.model.parameters() if p.grad is not None]
        norms.append(float(torch.cat(grads).norm()))
        step()

    found.optimizer.step = watched
    fit(found)
    told = [x["norm"] for x in metrics(found.run) if "norm" in x]
    assert len(told) == 3 and min(told) > 0.25
    assert norms == pytest.approx([clip or n for n in told], rel=1e-3)


def test_moving_average():
    model, decay = nn.Linear(2, 2), 0.9
    weights = Weights(model, decay)
    expected = model.weight.detach().clone()
    for n in range(60):
        with torch.no_grad():
            model.weight += torch.randn(2, 2)
        weights.update()
        d = min(decay, (1 + n) / (10 + n))
        expected = d * expected + (1 - d) * model.weight.detach()
    own = model.weight.detach().clone()
    with weights.used():
        torch.testing.assert_close(model.weight.detach(), expected)
    assert torch.equal(model.weight, own) and not torch.allclose(own, expected)
    assert Weights(model, 0.0).tensors() == {}


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_the_average_is_the_mean_of_the_newest(tmp_path, ema):
    data = corpus(tmp_path / "data")
    run = train(recipe(data, steps=9, average=2, ema=ema), tmp_path / "run", quiet=True)
    file = "ema" if ema else "model"
    found = [load_file(at(run.checkpoints, s) / f"{file}.safetensors") for s in (6, 9)]
    mean = average([at(run.checkpoints, s) for s in (6, 9)])
    assert set(mean) == set(found[0]) - {"ema updates"}
    for name, value in mean.items():
        torch.testing.assert_close(value, (found[0][name] + found[1][name]) / 2)
    used = load_file(run.model)
    assert all(torch.equal(used[k], mean[k]) for k in mean) and "average" in run.info()["weights"]


# The loop


@pytest.mark.parametrize("accumulate", [2, 5])
def test_accumulated_parts_are_one_batch(tmp_path, monkeypatch, accumulate):
    """Five parts are more than the rows of a batch."""
    monkeypatch.setattr(report, "SHOW", 1)
    data = corpus(tmp_path / "data", rows=30)
    runs = []
    for n in (1, accumulate):
        made = recipe(data, SURE, steps=6, ema=0, accumulate=n, batch_tokens=24)
        runs.append(train(made, tmp_path / f"{n}", quiet=True))
    one, many = ([x for x in metrics(run) if "nll" in x] for run in runs)
    assert len(one) == len(many) == 6
    for a, b in zip(one, many, strict=True):
        assert b["nll"] == pytest.approx(a["nll"], abs=1e-5)
        assert b["norm"] == pytest.approx(a["norm"], rel=1e-4)
    for a, b in zip(*(load_file(run.model).values() for run in runs), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=2e-5)


def same(a, b):
    ours, theirs = ({**x.task.model.state_dict(), **x.weights.average} for x in (a, b))
    return all(torch.equal(ours[k], theirs[k]) for k in ours)


@pytest.mark.parametrize("until", range(1, 12))
def test_a_stop_anywhere_changes_nothing(tmp_path, monkeypatch, until):
    """Also where a parameter has no gradient in some steps, and between two lines of metrics."""
    monkeypatch.setattr(report, "SHOW", 5)
    straight = fit(loop(tmp_path / "straight", ema=0.9, average=2))
    first = fit(loop(tmp_path / "stopped", ema=0.9, average=2), until)
    assert first.at["step"] == until and not first.ended
    assert at(first.run.checkpoints, until).exists()
    again = fit(loop(tmp_path / "stopped", ema=0.9, average=2))
    assert same(straight, again)
    assert metrics(straight.run) == metrics(again.run)
    assert timeless(straight.at) == timeless(again.at)


def test_patience(tmp_path):
    scores = [1, 3, 2, 3, 2.5, 9, 9, 9]
    found = fit(loop(tmp_path, Lines(scores), steps=100, patience=3))
    assert found.ended == "patience" and found.at["step"] == 5 * 4
    assert [score for _, score in found.at["history"]] == scores[:5]
    again = fit(loop(tmp_path, Lines(scores), steps=100, patience=3))
    assert again.at["step"] == 5 * 4 and same(found, again)
    kept = {int(f.name[5:]) for f in found.run.checkpoints.iterdir()}
    assert kept == {8, 16, 20}  # the best, and the newest two


def test_patience_goes_on_counting_after_a_stop(tmp_path):
    scores = [3, 1, 2, 0, 9]
    fit(loop(tmp_path, Lines(scores), steps=100, patience=3), until=10)
    found = fit(loop(tmp_path, Lines(scores[2:]), steps=100, patience=3))
    assert found.ended == "patience" and found.at["step"] == 16


def test_what_is_not_finite_is_told_and_not_kept(tmp_path):
    found = fit(loop(tmp_path), until=4)
    broken = loop(tmp_path)
    loss = broken.task.loss
    broken.task.loss = lambda batch: Loss(loss(batch).total * math.nan, {})
    with pytest.raises(UserError, match="step 5: the gradient is not finite; lower train.optim.lr"):
        broken.fit(1)
    broken.report.end()
    assert same(found, fit(loop(tmp_path), until=4))


def test_bfloat16_trains(tmp_path):
    data = corpus(tmp_path / "data")
    ends = {}
    for precision in ("float32", "bfloat16"):
        made = recipe(data, SURE, steps=12, every=12, precision=precision)
        ends[precision] = metrics(train(made, tmp_path / precision, quiet=True))[-1]["dev_nll"]
    assert ends["bfloat16"] == pytest.approx(ends["float32"], rel=0.05)
    assert ends["bfloat16"] != ends["float32"]


def test_what_a_run_leaves(tmp_path):
    made = recipe(corpus(tmp_path / "data"), steps=6)
    run = train(made, tmp_path / "run", quiet=True)
    lines = [json.loads(x) for x in run.metrics.read_text("utf-8").splitlines()]
    assert [x["step"] for x in lines] == [3, 6] and all("dev_nll" in x for x in lines)
    events = list((run.folder / "tensorboard").glob("events*"))
    assert events and all(f.stat().st_size > 100 for f in events)
    assert run.recipe == made
    assert {"steps", "dev_score", "weights", "history", "stopped"} <= run.info().keys()
    assert "ended by steps" in (run.folder / "README.md").read_text("utf-8")
    hidden = [f.name for f in run.folder.rglob(".*")]
    assert hidden == []


def test_the_best_on_dev_is_used(tmp_path, monkeypatch):
    from regard.tasks.translate import Translate

    monkeypatch.setattr(Translate, "dev", lambda self, device: Dev(scores.pop(0), {}))
    scores = [1.0, 5.0, 2.0, 5.0, 3.0]
    made = recipe(corpus(tmp_path / "data"), steps=15, average=1, ema=0)
    run = train(made, tmp_path / "run", quiet=True)
    used, best = load_file(run.model), load_file(at(run.checkpoints, 6) / "model.safetensors")
    assert all(torch.equal(used[k], best[k]) for k in used)
    assert run.info()["dev_score"] == 5.0 and "step 6" in run.info()["weights"]


# Objectives


def test_minimum_risk_lowers_the_risk(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "SHOW", 10)
    data = corpus(tmp_path / "data", rows=6, longest=3)
    objective = "{kind: minimum_risk, likelihood: 0, sharpness: 1}"
    changes = [*SURE, f"objective={objective}"]
    made = recipe(data, changes, steps=40, every=40, accumulate=1, ema=0, batch_tokens=100)
    run = train(made, tmp_path / "run", quiet=True)
    risks = [x["risk"] for x in metrics(run) if "risk" in x]
    assert len(risks) == 4 and 0 < risks[-1] < risks[0] - 0.05


def test_r_drop_brings_two_trips_together(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "SHOW", 10)
    data = corpus(tmp_path / "data", rows=12)
    ends = {}
    for weight in (0, 5):
        changes = ["objective.kind=r_drop", f"objective.weight={weight}"]
        made = recipe(data, changes, steps=30, every=30, accumulate=1, batch_tokens=200)
        run = train(made, tmp_path / f"{weight}", quiet=True)
        ends[weight] = [x for x in metrics(run) if "apart" in x][-1]
    assert 0 < ends[5]["apart"] < 0.75 * ends[0]["apart"]
    assert ends[5]["nll"] < 6


def test_a_step_leaves_no_ring_that_keeps_its_tensors(tmp_path):
    task = recipe(corpus(tmp_path / "data")).begin(Run(tmp_path / "run"))
    batch = task.batch(task.batches(200, 0)[0], 0)
    gc.collect()
    gc.disable()  # what is left now is left until Python looks for rings, which may take long
    try:
        task.loss(batch).total.backward()
        assert not any(type(thing) is Pass for thing in gc.get_objects())
    finally:
        gc.enable()
