"""Our own search over 8-bit weights: rounding is all that differs, and the file is small."""

import torch
from export_toys import codec_of, made, model_of, sources
from safetensors.torch import load_file
from test_export import KOREAN, run  # noqa: F401
from torch import nn

import regard
from regard.data.batching import ok, pad
from regard.export import own
from regard.export._int8 import Int8, quantised


def test_a_linear_map_of_small_integers_is_exact_and_row_by_row():
    weight = torch.randint(-127, 128, (6, 16)).float()
    x = torch.randint(-127, 128, (3, 16)).float()
    weight[:, 0] = x[:, 0] = 127.0  # so that all scales are 1
    linear = Int8(weight, torch.arange(6.0))
    found = linear(x)
    assert torch.equal(found, x @ weight.T + torch.arange(6.0))
    others = x * torch.tensor([[1.0], [9.0], [0.0]])
    assert torch.equal(linear(others.view(3, 1, 16))[0, 0], found[0])
    assert linear(x[:0]).shape == (0, 6)
    assert torch.equal(Int8(weight, None)(torch.zeros(2, 16)), torch.zeros(2, 6))


def test_rounding_costs_little_and_nothing_is_left_out():
    recipe = made()
    codec = codec_of(recipe)
    model, source = model_of(recipe, codec), pad(sources(codec))
    tokens = torch.ones(len(source), 1, dtype=torch.long)

    def step() -> torch.Tensor:
        return model.step(tokens, model.start(model.encode(source, ok(source))))[0]

    with torch.inference_mode():
        whole = step()
        quantised(model)
        small = step()
    assert not [m for m in model.modules() if type(m) is nn.Linear]
    assert 0 < (whole.exp() - small.exp()).abs().max() < 0.1


def test_what_is_kept_is_what_was_rounded(run, tmp_path):  # noqa: F811
    mt = regard.load(run, device="cpu").translator
    model = mt.models[0]
    own.write(model, mt.codec, run.recipe, tmp_path, "int8")
    kept = load_file(tmp_path / "model.safetensors")
    linear = {n for n, part in model.named_modules() if type(part) is nn.Linear}
    assert {n for n, t in kept.items() if t.dtype == torch.int8} == {f"{n}.weight" for n in linear}
    for name in linear:
        back = kept[f"{name}.weight"] * kept[f"{name}.weight.scale"]
        rest = (back - model.get_submodule(name).weight).abs()
        assert (rest <= kept[f"{name}.weight.scale"] / 2 + 1e-7).all()


def test_it_answers_as_the_run_does_and_is_chosen_by_name(run, tmp_path):  # noqa: F811
    report = regard.export(run, tmp_path / "int8", to="own", sentences=60)
    assert report.answered == 60 and report.same >= 30 and report.precision == "int8"
    regard.export(run, to="own", sentences=5)
    used = regard.load(run, device="cpu", engine="own-int8")
    assert "own int8" in repr(used) and len(used(KOREAN[:3])) == 3
    assert regard.load(run, device="cpu", engine="own").translator.engine is None
