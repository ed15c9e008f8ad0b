"""What training costs, counted against a formula; and pre-training compared at equal cost."""

import json
import shutil

import pytest
import torch
from pretraining_toys import begun, corpus, labelled, recipe

from regard import recipe as recipes
from regard import results
from regard.bench import flops, pretrain
from regard.cli import bench_pretrain
from regard.recipe import UserError
from regard.train import loop


def stack(tokens, width, D, F):
    """A block's products over so many tokens in rows of so many, forward: maps, attention."""
    return 2 * tokens * (4 * D * D + 2 * D * F) + 4 * tokens * width * D


def backward(tokens, width, D, F):
    """Both sides of every map; attention's scores anew, and both sides of its two products."""
    return 2 * 2 * tokens * (4 * D * D + 2 * D * F) + 10 * tokens * width * D


def both(*shape):
    return stack(*shape) + backward(*shape)


def by_hand(task, batch):
    """Products of a batch, forward and backward."""
    (N, S), M, V = batch.tokens.shape, int(batch.chosen.sum()), task.tokenizer.size
    D, F, G = 32, 64, 16
    reader = both(N * S, S, D, F)
    if task.recipe.task == "mlm":
        return reader + 3 * 2 * M * (D * D + D * V)
    generator = both(N * S, S, G, F) + 3 * 2 * (N * S * D * G + M * (G * D + D * V))
    drawing = 2 * M * D * V
    goal = {
        "electra": 3 * 2 * int(batch.ok.sum()) * (D * D + D),
        "fifteen": 3 * 2 * M * (D * D + D),
        "replace_mlm": 3 * 2 * M * (D * D + D * V),
    }[recipes.kind_of(task.recipe.discriminating)]
    return reader + generator + drawing + goal


@pytest.mark.parametrize("kind", ["mlm", "electra", "fifteen", "replace_mlm"])
def test_flops_are_those_of_the_formula(tmp_path, kind):
    goal = [] if kind == "mlm" else [f"discriminating={kind}"]
    made = recipe("mlm" if kind == "mlm" else "electra", corpus(tmp_path / "data"), *goal)
    task = begun(tmp_path / "run", made)
    rows = task.batches(600, 0)
    assert flops.of_batch(task, rows[0]) == by_hand(task, task.batch(rows[0], 0))
    state = torch.get_rng_state()
    mean = flops.of_update(task, 600, batches=len(rows))
    assert torch.equal(state, torch.get_rng_state())
    assert all(p.grad is None for p in task.model.parameters())
    each = [by_hand(task, task.batch(x, 0)) for x in rows]
    assert mean == pytest.approx(sum(each) / len(each)) and len(set(each)) > 1


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Three recipes in files, and where their data lies."""
    folder = tmp_path_factory.mktemp("bench")
    mono, rows = corpus(folder / "mono"), labelled(folder / "rows")
    names = []
    tuning = {"task": "classify", "data": {"dir": str(rows)}, "model": {"dim": 8},
              "train": {"steps": 4, "every": 2, "batch_tokens": 300}}  # fmt: skip
    made = [recipe("mlm", mono), recipe("electra", mono), recipes.make(tuning)]
    for name, one in zip(("mlm", "electra", "tune"), made, strict=True):
        (folder / f"{name}.yaml").write_text(recipes.dump(one), "utf-8")
        names.append(str(folder / f"{name}.yaml"))
    return pretrain.Asked(*names, mono, rows, steps=8, labels=30, seed=2, threads=1)


def test_all_cost_the_same_and_what_is_finished_is_found_again(tmp_path, given, monkeypatch):
    said, updates = [], []
    update = loop.Loop.update
    watched = lambda self, rows: (updates.append(rows), update(self, rows))  # noqa: E731
    monkeypatch.setattr(loop.Loop, "update", watched)
    ways = ["nothing", "mlm", "electra", "all_tokens"]
    found = pretrain.run(ways, given, tmp_path / "out", said.append)
    assert [row["name"] for row in found["rows"]] == ways and len(said) == 7
    nothing, mlm, *others = found["rows"]
    assert nothing["flops"] == 0 and mlm["steps"] == 8 and mlm["flops"] == found["budget_flops"]
    for row in others:
        assert row["steps"] < 8
        each = row["flops"] / row["steps"]
        assert abs(row["flops"] - found["budget_flops"]) <= each / 2
    assert all(0 <= row["p"] <= 1 for row in found["rows"] if row is not mlm) and "p" not in mlm
    assert all(0 <= row["accuracy"] <= 100 for row in found["rows"])
    assert len(updates) == sum(row["steps"] + 4 for row in found["rows"])
    assert [len(line) for line in pretrain.cells(found)] == [len(pretrain.COLUMNS)] * 4
    for one in found["worth"]:
        assert one.run.recipe.data.most == 30 and one.run.recipe.seed == 2
    # again: nothing is trained; after one was lost, that one alone
    again = pretrain.run(ways, given, tmp_path / "out", said.append)
    assert again["rows"] == found["rows"] and len(updates) == 8 + sum(
        row["steps"] for row in others
    ) + 4 * len(ways)
    shutil.rmtree(tmp_path / "out" / "tuned" / "electra")
    third = pretrain.run(ways, given, tmp_path / "out", said.append)
    same = ("accuracy", "macro_f1", "steps", "flops", "p")
    assert third["rows"][2].items() >= {k: found["rows"][2][k] for k in same}.items()


def test_figures_are_kept_with_their_answers(tmp_path, given, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["regard", "bench", "pretrain", "--steps", "3"])
    bench_pretrain.pretrain(
        "nothing,mlm", 3, 30, given[:3], given.mono, given.labelled, 1, 1,
        tmp_path / "out", True, tmp_path / "results",
    )  # fmt: skip
    shown = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in shown["rows"]] == ["nothing", "mlm"]
    kept = {row["name"]: row for row in results.rows(tmp_path / "results")
            if row["metric"].startswith("accuracy")}  # fmt: skip
    for row in shown["rows"]:
        one = kept[f"pretrain/{row['name']}"]
        assert one["value"] == pytest.approx(row["accuracy"], abs=1e-3)
        assert one["pretraining_steps"] == row["steps"] and one["seeds"] == [1]
        answers = results.lines(tmp_path / "results" / one["output"])
        assert len(answers) == 120 and {x.split("\t")[0] for x in answers} <= {"0", "1"}


def test_a_wrong_way_is_told(tmp_path, given, monkeypatch):
    monkeypatch.delenv("DATA", raising=False)
    with pytest.raises(UserError, match="--ways: no 'elektra'; did you mean 'electra'"):
        bench_pretrain.pretrain("elektra", mono=given.mono, labelled=given.labelled)
    with pytest.raises(UserError, match="--labelled: name the folder of texts"):
        bench_pretrain.pretrain("mlm", mono=given.mono)
