"""What learns and what stays, that nothing changes at the start, and that LoRA merges exactly."""

import pytest
import torch
from safetensors.torch import load_file
from starting_toys import classify, labelled, made, mlm, stack, texts, trained
from torch import nn

from regard.api import load
from regard.models import pooled
from regard.models.tuning import adapter, frozen, full, lora
from regard.models.tuning.base import added, freeze
from regard.recipe import UserError
from regard.train.config import Optim
from regard.train.optim import optimizer

ROWS = torch.tensor([[1, 7, 9, 30, 2], [1, 8, 2, 0, 0]])


def build(tuning=None, **encoder):
    torch.manual_seed(1)
    config = pooled.Config(dim=16, encoder={**stack(), **encoder}, segments=2, drop=0.0)
    model = config.pooled(40, lambda dim: nn.Linear(dim, 3))
    if tuning is not None:
        tuning.apply(model, "reader")
    return model.eval()


def answers(model):
    return model(ROWS, ROWS != 0, torch.zeros_like(ROWS))


def learning(model):
    return {name for name, p in model.named_parameters() if p.requires_grad}


def shaken(model):
    """Weights that tuning added are no longer what they began as."""
    torch.manual_seed(2)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if added(name):
                p.copy_(torch.randn_like(p))
    return model


KINDS = [lora.Config(rank=2), adapter.Config(width=3), frozen.Config(), frozen.Config(layers=1)]


@pytest.mark.parametrize("tuning", [*KINDS, lora.Config(on=("q", "k", "v", "out", "up", "down"))])
def test_the_start_is_unchanged_and_old_weights_keep_their_names(tuning):
    plain, tuned = build(), build(tuning)
    assert torch.equal(answers(plain), answers(tuned))
    old, new = plain.state_dict(), tuned.state_dict()
    assert {name for name in new if not added(name)} == old.keys()
    assert all(torch.equal(old[name], new[name]) for name in old)


def test_frozen_leaves_the_head_or_the_upper_layers_to_learn():
    plain = {name for name, _ in build().named_parameters()}
    assert learning(build(full.Config())) == plain
    assert learning(build(frozen.Config())) == {"head.weight", "head.bias"}
    stays = plain - learning(build(frozen.Config(layers=1)))
    begin = ("reader.embed.", "reader.segment", "reader.encoder.stack.blocks.0.")
    assert stays == {name for name in plain if name.startswith(begin)}
    upper = learning(build(frozen.Config(layers=2)))
    assert not any(".blocks." in name for name in upper)
    assert "reader.encoder.stack.norm.gain" in upper or "reader.encoder.stack.norm.weight" in upper


def test_frozen_knows_recurrent_layers_and_learnt_positions():
    model = build(frozen.Config(layers=1), position="learned")
    stays = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert any("position" in name for name in stays)
    config = pooled.Config(dim=16, encoder={"kind": "recurrent", "layers": 2, "width": 8})
    recurrent = config.pooled(40, lambda dim: nn.Linear(dim, 3))
    frozen.Config(layers=1).apply(recurrent, "reader")
    cells = {name.split(".")[3] for name in learning(recurrent) if ".cells." in name}
    assert cells == {"1"}
    with pytest.raises(UserError, match="tuning.layers: 3, and the encoder has 2"):
        frozen.Config(layers=3).apply(recurrent, "reader")


def test_nothing_to_learn_is_refused():
    with pytest.raises(UserError, match="leaves nothing to learn"):
        frozen.Config().apply(build(), "")


def test_lora_is_a_narrow_product_beside_the_map():
    torch.manual_seed(0)
    linear = nn.Linear(5, 7)
    holder = nn.ModuleDict({"q": linear})
    lora.Config(rank=2, alpha=6.0, on=("q",)).apply(holder, "")
    wrapped = shaken(holder)["q"]
    a, b = wrapped.tuned.down.weight, wrapped.tuned.up.weight
    assert a.shape == (2, 5) and b.shape == (7, 2)
    x = torch.randn(3, 5)
    by_hand = x @ linear.weight.T + linear.bias + 6 / 2 * (x @ a.T) @ b.T
    torch.testing.assert_close(wrapped(x), by_hand)
    assert learning(holder) == {"q.tuned.down.weight", "q.tuned.up.weight"}


@pytest.mark.parametrize("on", [("q", "v"), ("q", "k", "v", "out", "up", "down")])
def test_lora_merges_into_plain_weights(on):
    config = lora.Config(rank=2, alpha=3.0, on=on)
    model = shaken(build(config))
    want = answers(model)
    assert (want - answers(build())).abs().max() > 0.1
    plain = build()
    plain.load_state_dict(config.plain(model.state_dict()))
    torch.testing.assert_close(answers(plain), want, atol=1e-5, rtol=1e-5)
    merged = lora.merged(model)
    assert {type(m) for m in merged.modules()} == {type(m) for m in plain.modules()}
    torch.testing.assert_close(answers(merged), want, atol=1e-5, rtol=1e-5)


def test_an_adapter_stands_behind_every_sublayer_and_norms_learn():
    model = build(adapter.Config(width=3))
    places = {name.split(".tuned.")[0] for name in learning(model) if added(name)}
    blocks = [f"reader.encoder.stack.blocks.{i}" for i in (0, 1)]
    assert places == {f"{b}.{p}" for b in blocks for p in ("mixer.out", "ff.down")}
    others = {name for name in learning(model) if not added(name)}
    assert all("norm" in name or name.startswith("head.") for name in others)
    assert any("norm" in name for name in others)
    wrapped = shaken(model).reader.encoder.stack.blocks[0].ff.down
    x = torch.randn(2, 32)
    y = x @ wrapped.weight.T + wrapped.bias
    inner = nn.functional.gelu(wrapped.tuned.down(y))
    torch.testing.assert_close(wrapped(x), y + wrapped.tuned.up(inner))


def test_a_map_that_is_shared_stays_shared():
    linear = nn.Linear(4, 4)
    holder = nn.ModuleDict({"a": nn.ModuleDict({"q": linear}), "b": nn.ModuleDict({"q": linear})})
    lora.Config(on=("q",)).apply(holder, "")
    assert holder["a"]["q"] is holder["b"]["q"]


@pytest.mark.parametrize("tuning", [lora.Config(on=("qq",)), adapter.Config(on=("out", "qq"))])
def test_a_name_that_no_map_has_is_told(tuning):
    with pytest.raises(UserError, match="called 'qq'; one of down, k, out, q, up, v"):
        build(tuning)


def test_the_optimiser_takes_only_what_learns():
    model = build(lora.Config(rank=2))
    taken = {id(p) for group in optimizer(model, Optim()).param_groups for p in group["params"]}
    assert taken == {id(p) for p in model.parameters() if p.requires_grad}
    freeze(model)
    assert not learning(model)


# Whole trainings


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    reader = trained(mlm(texts(folder / "texts")), folder / "reader")
    return labelled(folder / "labelled"), reader


@pytest.mark.parametrize("tuning", ["frozen", "lora", "adapter"])
def test_a_run_keeps_what_does_not_learn_and_goes_on_exactly(folders, tmp_path, tuning):
    data, reader = folders
    settings = classify(data, 8) | {"start": str(reader.folder), "tuning": tuning}
    settings["model"]["drop"] = 0.2
    settings["train"] |= {"ema": 0.9, "average": 2}
    whole = trained(settings, tmp_path / "whole")
    trained(settings, tmp_path / "cut", until=4)
    cut = trained(settings, tmp_path / "cut")
    one, two = load_file(whole.model), load_file(cut.model)
    assert one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)
    old = load_file(reader.model)
    same = {k for k in old if k.startswith("reader.") and torch.equal(old[k], one[k])}
    apart = {k for k in old if k.startswith("reader.")} - same
    assert all("norm" in k for k in apart) and (tuning == "adapter") == bool(apart)
    assert any(added(k) for k in one) == (tuning != "frozen")
    assert not torch.equal(one["head.weight"], torch.zeros_like(one["head.weight"]))
    used = load(whole, device="cpu")
    assert len(used.classify([("the sun",), ("",)])) == 2
    weights = used.model.state_dict()
    assert all(torch.equal(weights[k], one[k]) for k in one)


def test_the_next_run_starts_from_the_merged_weights(folders, tmp_path):
    data, reader = folders
    tuned = classify(data, 8) | {"start": str(reader.folder), "tuning": "lora"}
    first = trained(tuned, tmp_path / "first")
    second = trained(classify(data, 1) | {"start": str(first.folder)}, tmp_path / "second")
    begun, old = load_file(second.initial), load_file(first.model)
    name = "reader.encoder.stack.blocks.0.mixer.q"
    product = old[f"{name}.tuned.up.weight"] @ old[f"{name}.tuned.down.weight"]
    torch.testing.assert_close(begun[f"{name}.weight"], old[f"{name}.weight"] + 16 / 8 * product)
    assert product.abs().max() > 0 and not any(map(added, begun))
    third = trained(tuned | {"tuning": "adapter"}, tmp_path / "third")
    with pytest.raises(UserError, match="tuned by adapter has parts that no plain model has"):
        trained(classify(data) | {"start": str(third.folder)}, tmp_path / "fourth")


def test_two_processes_agree_with_one(folders, tmp_path, server):
    data, reader = folders
    settings = classify(data, 4) | {"start": str(reader.folder), "tuning": "lora"}
    settings["train"]["optim"]["eps"] = 1e-4
    alone = trained(settings, tmp_path / "alone")
    assert server.together("train", made(settings), tmp_path / "two") == [0, 0]
    one, two = load_file(alone.model), load_file(tmp_path / "two" / "model.safetensors")
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-4, rtol=1e-3)
