"""Denoising: what is read and told, that it learns, goes on exactly, and says what is wrong."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from starting_toys import denoise, lines, made, texts, trained

from regard.data.tokenizer.base import BOS, EOS
from regard.recipe import UserError
from regard.run import Run

T5 = ["span_corruption"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return texts(tmp_path_factory.mktemp("texts"))


def task(corpus, tmp_path, *changes, **more):
    recipe = made(denoise(corpus, **more), *changes)
    return recipe.begin(Run(tmp_path / "none"))


def test_a_batch_is_the_spoilt_text_and_the_text(corpus, tmp_path):
    one = task(corpus, tmp_path)
    rows = np.arange(5)
    batch = one.batch(rows, 0)
    mask = one.tokenizer.special("<mask>")
    drawn = [one.train_rows[i].tolist() for i in range(5)]  # without temperature: in their order
    for row, (source, into, out) in enumerate(
        zip(batch.source, batch.target_in, batch.target_out, strict=True)
    ):
        said = out[out != 0].tolist()
        assert said == [*drawn[row], EOS]
        assert into[into != 0].tolist() == [BOS, *drawn[row]]
        read = source[source != 0].tolist()
        assert read[-1] == EOS and mask in read and read != said
    assert one.weight(rows, 0) == int((batch.target_out != 0).sum())
    assert torch.equal(batch.source_ok, batch.source != 0)


def test_noise_is_a_function_of_seed_turn_and_row(corpus, tmp_path):
    one, again = task(corpus, tmp_path), task(corpus, tmp_path)
    rows = np.arange(20)
    first = one.batch(rows, 0).source
    other = one.batch(rows, 1).source
    assert first.shape != other.shape or not torch.equal(first, other)
    again.batch(rows, 1)  # another order of asking
    assert torch.equal(again.batch(rows, 0).source, first)
    seeded = task(corpus, tmp_path, "seed=2").batch(rows, 0).source
    assert seeded.shape != first.shape or not torch.equal(seeded, first)


@pytest.mark.parametrize("noising", [T5, ["infilling"], ["deletion", "rotation"]])
def test_it_learns(corpus, tmp_path, noising):
    run = trained(denoise(corpus, 30, noising), tmp_path / "run", "train.every=5")
    looks = [json.loads(x) for x in run.metrics.read_text().splitlines() if "dev_nll" in x]
    assert looks[-1]["dev_nll"] < 0.7 * looks[0]["dev_nll"] and run.model.exists()


def test_dev_loss_is_plain_cross_entropy(corpus, tmp_path):
    one = task(corpus, tmp_path, noising=T5)
    shown = one.dev(torch.device("cpu")).shown
    total, right, count = 0.0, 0, 0
    source, target = one.dev_turn
    one.model.eval().requires_grad_(False)
    for i in range(len(source)):  # row by row, no padding
        read, out = (torch.tensor(side[i].astype(np.int64)) for side in (source, target))
        into = torch.cat([torch.tensor([BOS]), out[:-1]])
        logits = one.model.logits(one.model.teach(read[None], None, into[None]))[0]
        total += float(torch.nn.functional.cross_entropy(logits, out, reduction="sum"))
        right += int((logits.argmax(-1) == out).sum())
        count += len(out)
    assert shown["dev_nll"] == pytest.approx(total / count, rel=1e-5)
    assert shown["dev_accuracy"] == pytest.approx(100 * right / count)


def test_it_goes_on_exactly(corpus, tmp_path):
    settings = denoise(corpus, 10, ["permutation", "infilling"])
    settings["model"]["encoder"]["block"]["dropout"] = 0.2
    whole = trained(settings, tmp_path / "whole")
    trained(settings, tmp_path / "cut", until=5)
    cut = trained(settings, tmp_path / "cut")
    one, two = load_file(whole.model), load_file(cut.model)
    assert one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_it_goes_on_from_another_on_other_texts(corpus, tmp_path):
    first = trained(denoise(corpus), tmp_path / "first")
    rows = ["the mud and the gold", "a tree of joy"] * 30
    rows = [f"{row} {i}" for i, row in enumerate(rows)]
    lines(tmp_path / "other" / "train.txt", rows)
    settings = denoise(tmp_path / "other", 2)
    settings["model"] = {"dim": 8}  # is taken over
    second = trained(settings, tmp_path / "second", f"start={first.folder}")
    begun, old = load_file(second.initial), load_file(first.model)
    assert begun.keys() == old.keys() and all(torch.equal(begun[k], old[k]) for k in old)
    assert second.recipe.model == first.recipe.model
    assert (second.tokenizer / "tokenizer.json").read_text() == (
        first.tokenizer / "tokenizer.json"
    ).read_text()
    with pytest.raises(UserError, match="no special '<span0>'"):
        trained(denoise(corpus, 2, T5), tmp_path / "third", f"start={first.folder}")


def test_two_columns_are_refused(corpus, tmp_path):
    settings = denoise(corpus)
    settings["data"]["parts"] = [{"corpus": "tsv", "column": ["xx", "yy"]}]
    with pytest.raises(UserError, match="denoise takes one column"):
        made(settings).begin(Run(tmp_path / "run"))
