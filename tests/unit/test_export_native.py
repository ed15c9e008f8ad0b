"""Our own search over 8-bit weights: rounding is all that differs, and the file is small."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from export_toys import codec_of, made, model_of, sources
from safetensors.torch import load_file
from test_export import KOREAN, cli, run  # noqa: F401
from tiny import changed
from torch import nn

import regard
from regard import recipe as recipes
from regard.data.batching import ok, pad
from regard.data.tokenizer.base import BOS, EOS
from regard.export import _shortlist, native, shortlist
from regard.export._int8 import Int8
from regard.export._packed import Packed
from regard.recipe import UserError
from regard.search.base import Limits
from regard.tasks.decode import beam, greedy, sample
from regard.tasks.decode.base import Ask
from regard.tasks.translator import rooms


def test_a_linear_map_of_small_integers_is_exact_and_row_by_row():
    weight = torch.randint(-127, 128, (6, 16)).float()
    x = torch.randint(-127, 128, (3, 16)).float()
    weight[:, 0] = x[:, 0] = 127.0  # so that all scales are 1
    linear = Int8.of(weight, torch.arange(6.0))
    found = linear(x)
    assert torch.equal(found, x @ weight.T + torch.arange(6.0))
    others = x * torch.tensor([[1.0], [9.0], [0.0]])
    assert torch.equal(linear(others.view(3, 1, 16))[0, 0], found[0])
    assert linear(x[:0]).shape == (0, 6)
    assert torch.equal(Int8.of(weight, None)(torch.zeros(2, 16)), torch.zeros(2, 6))


def test_rounding_costs_little_and_nothing_is_left_out():
    recipe = made()
    codec = codec_of(recipe)
    model, source = model_of(recipe, codec), pad(sources(codec))
    tokens = torch.ones(len(source), 1, dtype=torch.long)

    def step() -> torch.Tensor:
        return model.step(tokens, model.start(model.encode(source, ok(source))))[0]

    with torch.inference_mode():
        whole = step()
        native.formed(model, Int8)
        small = step()
    assert not [m for m in model.modules() if type(m) is nn.Linear]
    assert 0 < (whole.exp() - small.exp()).abs().max() < 0.1


def test_what_is_kept_is_what_was_rounded_and_each_once(run, tmp_path):  # noqa: F811
    mt = regard.load(run, device="cpu").translator
    model = mt.models[0]
    before = {name: t.clone() for name, t in model.state_dict().items()}
    native.write(model, mt.codec, run.recipe, tmp_path, "int8")
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    kept = load_file(tmp_path / "model.safetensors")
    linear = {n for n, part in model.named_modules() if type(part) is nn.Linear}
    assert {n for n, t in kept.items() if t.dtype == torch.int8} == {f"{n}.weight" for n in linear}
    for name in linear:
        scale = kept[f"{name}.scale"][:, None]
        rest = (kept[f"{name}.weight"] * scale - model.get_submodule(name).weight).abs()
        assert (rest <= scale / 2 + 1e-7).all()
    assert len([n for n in kept if n.endswith("embed.weight")]) == 1  # tied, so shared
    opened = native.Formed(tmp_path, mt.codec).model
    assert torch.equal(opened.writer.embed.weight, model.embed.weight)
    (tmp_path / "recipe.yaml").write_text(recipes.dump(changed("model.decoder.layers=1")))
    with pytest.raises(UserError, match="export the run again"):
        native.open(tmp_path, mt.codec, 1)


def test_weights_laid_out_change_nothing(run, tmp_path):  # noqa: F811
    x, weight, bias = torch.randn(3, 5, 256), torch.randn(300, 256), torch.randn(300)
    laid = Packed.of(weight, bias).ready()
    assert laid.laid is not None or not torch.backends.mkldnn.is_available()
    wanted = nn.functional.linear(x, weight, bias)
    assert torch.allclose(laid(x), wanted, atol=1e-4) and laid(x[:0]).shape == (0, 5, 300)
    some = torch.tensor([7, 0, 299])
    assert torch.allclose(laid.only(some)(x), wanted[..., some], atol=1e-4)
    bare = Packed.of(weight, None).ready()
    assert torch.allclose(bare(x), nn.functional.linear(x, weight), atol=1e-4)
    report = regard.export(run, tmp_path / "f", to="native", precision="float32", sentences=40)
    assert report.same == report.answered == 40


def test_it_answers_as_the_run_does_and_is_chosen_by_name(run, tmp_path):  # noqa: F811
    report = regard.export(run, tmp_path / "int8", to="native", sentences=60)
    assert report.answered == 60 and report.same >= 30 and report.precision == "int8"
    copy = shutil.copytree(run.folder, tmp_path / "run")
    regard.export(copy, to="native", sentences=5)
    used = regard.load(copy, device="cpu", engine="native")
    assert "native int8" in repr(used) and len(used(KOREAN[:3])) == 3
    assert regard.load(copy, device="cpu", engine="own").translator.engine is None


# -- the shortlist ---------------------------------------------------------------------------------


def test_the_lexicon_finds_what_goes_with_what():
    rng = np.random.default_rng(1)
    pairs = []
    for _ in range(400):  # 3 is 13, 4 is 14 …; 30 stands in every target
        source = rng.choice(np.arange(3, 9), 4, replace=False)
        pairs.append((source.tolist(), [30, *(source + 10).tolist()]))
    found = _shortlist.lexicon(pairs, 12, 40)
    assert found["often"][0] == 30 and (found["best"][9:] == -1).all()
    for token in range(3, 9):
        assert found["best"][token, 0] == token + 10
    assert (_shortlist.lexicon([], 5, 9)["best"] == -1).all()


def listed(run, folder, monkeypatch, best=_shortlist.BEST):  # noqa: F811
    monkeypatch.setattr(_shortlist, "BEST", best)
    mt = regard.load(run, device="cpu").translator
    shortlist.write(mt.models[0], mt.codec, run.recipe, folder, "int8")
    return mt, shortlist.open(folder, mt.codec, 1)


def asked(mt, engine, decode, ask=None, prefix=None):
    ask, rows = ask or Ask(), mt.codec.sources(KOREAN[:9], ["ko-en"] * 9)
    prefix = prefix or [[]] * 9
    limits = Limits(BOS, EOS, rooms(rows, ask, prefix), forbid=mt.codec.silent, prefix=prefix)
    return engine.decoded(rows, decode, ask, limits)


def test_a_shortlist_of_everything_changes_nothing(run, tmp_path, monkeypatch):  # noqa: F811
    mt, engine = listed(run, tmp_path, monkeypatch)
    engine.shortlist.always = torch.arange(mt.codec.target.size)
    whole = replace(engine, shortlist=None)
    for decode in (greedy.Config(), beam.Config(size=3), sample.Config()):
        for a, b in zip(asked(mt, engine, decode), asked(mt, whole, decode), strict=True):
            assert [h.tokens for h in a] == [h.tokens for h in b]
            assert [h.score for h in a] == pytest.approx([h.score for h in b], abs=1e-4)


def test_a_short_one_holds_to_its_candidates_and_to_what_is_forced(run, tmp_path, monkeypatch):  # noqa: F811
    mt, engine = listed(run, tmp_path, monkeypatch, best=3)
    rows = mt.codec.sources(KOREAN[:9], ["ko-en"] * 9)
    plain = engine.shortlist.of(rows, Limits(BOS, EOS, [9] * 9), Ask())
    assert len(plain) < mt.codec.target.size and {BOS, EOS} <= set(plain.tolist())
    odd = next(i for i in range(300, mt.codec.target.size) if i not in set(plain.tolist()))
    for (best,) in asked(mt, engine, beam.Config(size=3)):
        assert set(best.tokens) <= set(plain.tolist())
        assert best.score == pytest.approx(sum(best.token_scores), abs=1e-4)
    for (best,) in asked(mt, engine, beam.Config(size=3), prefix=[[odd]] * 9):
        assert best.tokens[0] == odd
    for (best,) in asked(mt, engine, beam.Config(size=3), Ask(phrases=[[[odd]]] * 9)):
        assert odd in best.tokens


def test_a_corpus_that_is_gone_is_told_and_nothing_is_left(run, tmp_path, cli):  # noqa: F811
    copy = shutil.copytree(run.folder, tmp_path / "run")
    recipe = (copy / "recipe.yaml").read_text().replace("kind: phrasebook", "kind: tsv")
    (copy / "recipe.yaml").write_text(recipe.replace("size: 2000", "train: gone"))
    code, out, err = cli("export", copy, "--to", "shortlist", "--source", __file__)
    assert code == 2 and err.rstrip().split("\n")[-1].startswith("regard: ") and out == ""
    assert not list(copy.glob("exports/*"))
