"""Classifiers: losses against their formulas, that they learn, and what they take from others."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from starting_toys import classify, labelled, lines, made, mlm, pairs, texts, trained, translate
from torch import nn

from regard.api import load
from regard.data.reading import framed
from regard.evaluate import classes
from regard.recipe import UserError
from regard.run import Run
from regard.tasks.readout import number, ordinal, softmax

STARS = ("1", "2", "10")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return labelled(tmp_path_factory.mktemp("data") / "two")


@pytest.fixture(scope="module")
def stars(tmp_path_factory):
    return labelled(tmp_path_factory.mktemp("data") / "stars", STARS)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    return trained(mlm(texts(folder / "texts")), folder / "run")


def task(settings, tmp_path, *changes):
    return made(settings, *changes).begin(Run(tmp_path / "none"))


def alone(task, i):
    """What the model says of a training row by itself, without padding: C."""
    row = task.recipe.data.drawn(task.recipe.seed)[i]
    ((ids, second),) = framed(task.tokenizer, [row.texts], task.recipe.data.max_length)
    tokens = torch.tensor([ids])
    segments = (torch.arange(len(ids)) >= second).long()[None]
    return task.model(tokens, torch.ones_like(tokens).bool(), segments)[0]


# Losses


def test_the_loss_of_a_batch_is_cross_entropy_of_each_row(data, tmp_path):
    one = task(classify(data), tmp_path)
    one.model.eval().requires_grad_(False)
    rows = one.batches(300, 0)[0]
    want = sum(-alone(one, i).log_softmax(-1)[one.targets[i]] for i in rows)
    torch.testing.assert_close(one.loss(one.batch(rows, 0)).total, want, atol=1e-4, rtol=1e-5)
    assert one.weight(rows, 0) == len(rows) > 1
    order = np.sort(np.concatenate(one.batches(300, 3)))
    assert (order == np.arange(120)).all()


def test_balanced_labels_weigh_the_same(tmp_path):
    rows = ["the sun\tgood"] * 9 + ["the mud\tbad"] * 3
    for name in ("train", "dev"):
        lines(tmp_path / f"{name}.tsv", ["text\tlabel", *rows])
    one = task(classify(tmp_path), tmp_path, "balanced=true")
    assert one.labels == ["bad", "good"]
    torch.testing.assert_close(one.weights, torch.tensor([12 / 6, 12 / 18]))
    one.model.eval().requires_grad_(False)
    loss = one.loss(one.batch(np.arange(12), 0)).total
    each = [-alone(one, i).log_softmax(-1)[one.targets[i]] * one.weights[one.targets[i]]
            for i in range(12)]  # fmt: skip
    torch.testing.assert_close(loss, torch.stack(each).sum(), atol=1e-4, rtol=1e-5)
    with pytest.raises(UserError, match="balanced: the answers are numbers"):
        numbers = [row.replace("good", "1").replace("bad", "0") for row in rows]
        for name in ("train", "dev"):
            lines(tmp_path / f"{name}.tsv", ["text\tlabel", *numbers])
        task(classify(tmp_path), tmp_path, "balanced=true", "readout=number")


def test_smoothing_holds_in_training_only():
    torch.manual_seed(0)
    scores, target = torch.randn(5, 4), torch.tensor([0, 3, 1, 1, 2])
    config = softmax.Config(smoothing=0.2)
    plain = -scores.log_softmax(-1)[torch.arange(5), target]
    spread = -scores.log_softmax(-1).mean(-1)
    assert config.loss(scores, target, None).item() == pytest.approx(plain.sum().item(), rel=1e-5)
    taught = config.loss(scores.requires_grad_(), target, None)
    assert taught.item() == pytest.approx((0.8 * plain + 0.2 * spread).sum().item(), rel=1e-5)


def test_ordinal_is_corals_formula():
    torch.manual_seed(0)
    head = ordinal.Config().head(6, ["1", "2", "3", "4"])
    begin = ordinal.Config().probabilities(head(torch.zeros(1, 6)))
    torch.testing.assert_close(begin, torch.full((1, 4), 0.25))  # at first all are as probable
    scores = head(torch.randn(7, 6)).detach()
    target, weights = torch.tensor([0, 1, 2, 3, 3, 0, 1]), torch.tensor([1.0, 0.5, 2.0, 3.0])
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    for w in (None, weights):
        total = 0.0
        for row, y in zip(scores.double().tolist(), target.tolist(), strict=True):
            for k, z in enumerate(row):  # is the label above the k-th?
                p = sigmoid(z)
                total -= (1.0 if w is None else float(w[y])) * np.log(p if y > k else 1 - p)
        found = ordinal.Config().loss(scores, target, w)
        assert found.item() == pytest.approx(total, rel=1e-5)
    said = ordinal.Config().probabilities(scores).double()
    torch.testing.assert_close(said.sum(1), torch.ones(7).double())
    for row, p in zip(scores.double().tolist(), said.tolist(), strict=True):
        above = [1.0, *map(sigmoid, row), 0.0]
        assert p == pytest.approx([a - b for a, b in zip(above, above[1:], strict=False)], abs=1e-6)
    crossed = ordinal.Config().probabilities(torch.tensor([[-2.0, 3.0, 0.0]]))
    assert (crossed >= 0).all() and crossed.sum().item() == pytest.approx(1)
    with pytest.raises(UserError, match="ordinal wants two labels"):
        ordinal.Config().head(6, ["1"])


def test_a_number_is_taught_by_squared_error():
    scores, target = torch.tensor([[1.0], [4.0]]), torch.tensor([0.5, 2.0])
    assert number.Config().loss(scores, target, None).item() == pytest.approx(0.25 + 4.0)
    assert torch.equal(number.Config().probabilities(scores), scores)


# Learning


@pytest.mark.parametrize("pool", ["first", "mean", "max"])
def test_it_learns_the_telling_word(data, tmp_path, pool):
    run = trained(classify(data, 40), tmp_path / "run", f"model.pool={pool}", "balanced=true")
    used = load(run, device="cpu")
    rows = [("the gold and a tree",), ("",), (" \t",), ("a tree of rust",)]
    found = used.classify(rows)
    assert [one.label for one in found] == ["good", "", "", "bad"]
    assert found[0].confidence == max(found[0].probabilities.values()) > 0.5
    assert sum(found[0].probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert found[1].probabilities == {} and found[1].confidence is None
    alone = used.classify([("a tree of rust",)])[0].probabilities
    assert alone == pytest.approx(found[3].probabilities, abs=1e-5)
    assert run.info()["dev_score"] > 95 and used.classify([]) == []


def test_ordinal_learns_stars(stars, tmp_path):
    run = trained(classify(stars, 60), tmp_path / "run", "readout=ordinal", "train.optim.lr=0.02")
    used = load(run, device="cpu")
    assert used.labels == list(STARS)  # by size, not by spelling
    assert used.classify([("the gold",)])[0].label == "1"
    assert used.classify([("the grey and a tree",)])[0].label == "10"


@pytest.mark.parametrize("texts", [1, 2])
def test_a_number_is_learnt(tmp_path, texts):
    """Of two texts: are they the same word? Else: how sunny is it?"""
    for name, count in (("train", 120), ("dev", 30)):
        rows = []
        for i in range(count):
            sunny = ("sun", "mud")[i % 2], ("sun", "mud")[i // 2 % 2]
            if texts == 2:
                rows.append(f"a {sunny[0]}\tthe {sunny[1]}\t{5.0 * (sunny[0] == sunny[1])}")
            else:
                rows.append(f"a {sunny[0]} the {sunny[1]}\tx\t{2.5 * sunny.count('sun')}")
        lines(tmp_path / f"{name}.tsv", ["one\ttwo\tlabel", *rows])
    settings = classify(tmp_path, 80) | {"readout": "number"}
    settings["data"]["text"] = ["one", "two"][:texts]
    settings["model"] |= {"segments": 2}
    run = trained(settings, tmp_path / "run", "train.optim.schedule=linear")
    last = json.loads(run.metrics.read_text().splitlines()[-1])
    assert last["dev_pearson"] > 95
    used = load(run, device="cpu")
    rows = run.recipe.data.rows("dev")
    found = used.classify([row.texts for row in rows])
    values, target = [one.value for one in found], [float(row.label) for row in rows]
    assert last["dev_pearson"] == pytest.approx(100 * classes.pearson(values, target), abs=0.01)
    assert last["dev_spearman"] == pytest.approx(100 * classes.spearman(values, target), abs=0.01)
    assert last["dev_loss"] == pytest.approx(
        np.mean([(v - t) ** 2 for v, t in zip(values, target, strict=True)]), abs=1e-3
    )
    assert run.info()["dev_score"] == pytest.approx(last["dev_pearson"], abs=0.01)
    assert float(found[0].label) == pytest.approx(found[0].value, rel=1e-3)
    assert used.classify([("",) * texts])[0].label == ""


# Runs


def test_it_goes_on_bit_for_bit(data, reader, tmp_path):
    settings = classify(data, 8) | {"start": str(reader.folder)}
    settings["model"]["drop"] = 0.3
    settings["data"]["most"] = 60
    whole = trained(settings, tmp_path / "whole")
    trained(settings, tmp_path / "cut", until=4)
    cut = trained(settings, tmp_path / "cut")
    one, two = load_file(whole.model), load_file(cut.model)
    assert one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_a_start_gives_its_reader_and_tokenizer_and_is_needed_no_more(data, reader, tmp_path):
    first = Run(shutil.copytree(reader.folder, tmp_path / "first"))
    settings = classify(data, 8) | {"start": str(first.folder)}
    settings["model"] = {"dim": 999, "pool": "mean"}  # the width is the reader's
    run = trained(settings, tmp_path / "run", until=4)
    begun, old = load_file(run.initial), load_file(first.model)
    assert begun.keys() == {k for k in old if k.startswith("reader.")}
    assert all(torch.equal(begun[k], old[k]) for k in begun)
    for name in ("dim", "encoder", "embed", "segments"):
        assert getattr(run.recipe.model, name) == getattr(first.recipe.model, name)
    assert run.recipe.model.pool == "mean"
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (run.tokenizer / name).read_text() == (first.tokenizer / name).read_text()
    shutil.rmtree(first.folder)
    run = trained(settings, tmp_path / "run")
    assert run.info()["steps"] == 8 and load(run, device="cpu").classify([("a",)])
    kept = run.recipe  # written out and read again it is the same
    assert made(json.loads(kept.model_dump_json())) == kept


def test_the_model_begins_with_what_it_takes_over(data, reader, tmp_path):
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    recipe = made(classify(data) | {"start": str(reader.folder)}).settled(run)
    one, old = recipe.begin(run), load_file(reader.model)
    own = one.model.state_dict()
    assert all(torch.equal(own[k], old[k]) for k in own if k.startswith("reader."))
    assert isinstance(one.model.head, nn.Linear)
    other = made(classify(data) | {"start": str(reader.folder), "seed": 2}).settled(run).begin(run)
    assert not torch.equal(other.model.head.weight, one.model.head.weight)


def test_a_wrong_start_is_told(data, reader, tmp_path):
    other_task = trained(translate(pairs(tmp_path / "pairs"), 1), tmp_path / "translator")

    def told(start):
        run = Run(tmp_path / "none")
        with pytest.raises(UserError) as error:
            made(classify(data) | {"start": str(start)}).settled(run).begin(run)
        shutil.rmtree(run.folder, ignore_errors=True)
        return str(error.value)

    assert "no run.json, so this is no run" in told(tmp_path / "nothing")
    assert "which has no reader alone" in told(other_task.folder)
    half = Run(shutil.copytree(reader.folder, tmp_path / "half"))
    half.model.unlink()
    assert "its training has not ended" in told(half.folder)
    other, weights = (
        Run(shutil.copytree(reader.folder, tmp_path / "other")),
        load_file(reader.model),
    )
    missing = dict(weights)
    del missing["reader.segment"]
    save_file(missing, other.model)
    assert "has no reader.segment" in told(other.folder)
    save_file(weights | {"reader.segment": torch.zeros(3, 16)}, other.model)
    assert "reader.segment is (3, 16), and the recipe's (2, 16)" in told(other.folder)
    save_file(weights | {"reader.more": torch.zeros(3)}, other.model)
    assert "has reader.more" in told(other.folder)


def test_bad_labels_are_told(data, tmp_path):
    with pytest.raises(UserError, match="label 'good' is no number"):
        task(classify(data), tmp_path, "readout=number")
    odd = labelled(tmp_path / "odd")
    text = (odd / "dev.tsv").read_text()
    (odd / "dev.tsv").write_text(text.replace("\tbad", "\tworse"))
    with pytest.raises(UserError, match="label 'worse' is in no training row"):
        task(classify(odd), tmp_path).dev(torch.device("cpu"))
    with pytest.raises(UserError, match="tuning: no models.tuning called 'fully'"):
        made(classify(data) | {"tuning": "fully"})
