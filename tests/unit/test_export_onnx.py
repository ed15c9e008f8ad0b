"""The ONNX export: the graphs give our log-probabilities, whatever the model is made of."""

import os
import sys

import export_toys as toys
import pytest
import torch
from tiny import changed

from regard import recipe
from regard.data.parallel import Codec
from regard.export import onnx
from regard.recipe import UserError
from regard.tasks.decode import greedy
from regard.tasks.translator import Translator

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

# Every kind of every part at least once, in mixed company.
MODELS = {
    "as it comes": [],
    "post, learned, gelu": toys.both("block.place=post", "position=learned", "block.ff=gelu"),
    "rotary, swiglu, rms": [*toys.both("position=rotary", "block.ff=swiglu", "block.norm=rms"),
                            "model.tie=none"],
    "post, alibi": [*toys.both("block.place=post", "position=alibi"), "model.tie=target"],
    "sandwich, shaw, rms": toys.both("block.place=sandwich", "position=shaw", "block.norm=rms"),
    "rezero, t5": [*toys.both("block.place=rezero", "position=t5"), "model.tie=target"],
    "deepnorm, transformer-xl": toys.both("block.place=deepnorm", "position=transformer_xl"),
    "no positions, linear": toys.both("position=none", "block.mixer={kind: linear, heads: 2}"),
    "realformer": [*toys.both("block.mixer=realformer"), "model.decoder.block.cross=realformer"],
    "additive, general": ["model.encoder.block.mixer=additive", "model.decoder.block.mixer=general",
                          "model.decoder.block.cross=additive"],
    "local, dot": ["model.encoder.block.mixer=local", "model.decoder.block.mixer=dot",
                   "model.decoder.block.cross=local"],
    "cells as mixers": ["model.encoder.block.mixer=ssru", "model.decoder.block.mixer=gru",
                        "model.decoder.block.cross=general"],
    "ssru": ["model.encoder.block.mixer=gru", "model.decoder.block.mixer=ssru",
             "model.decoder.block.cross=dot"],
    "rnnsearch": ["model.encoder={kind: recurrent, cell: gru, direction: both, width: 12}",
                  "model.decoder={kind: bahdanau, cell: gru, width: 10}"],
    "luong": ["model.encoder={kind: recurrent, cell: lstm, layers: 2, direction: backward}",
              "model.decoder={kind: luong, cell: lstm, layers: 2, attention: local}"],
    "luong unfed": ["model.encoder={kind: recurrent, cell: gru, direction: forward}",
                    "model.decoder={kind: luong, cell: gru, layers: 1, feed: false}"],
    "fixed": ["model.encoder={kind: recurrent, cell: lstm, layers: 2, direction: backward}",
              "model.decoder={kind: fixed, cell: lstm, layers: 2}"],
    "fixed ssru": ["model.encoder={kind: recurrent, cell: ssru, direction: forward}",
                   "model.decoder={kind: fixed, cell: ssru, layers: 1}"],
}  # fmt: skip


@pytest.fixture(scope="module")
def codec() -> Codec:
    return toys.codec_of(toys.made())


@pytest.fixture(scope="module")
def plain(codec, tmp_path_factory) -> Translator:
    """A translator with its export as engine."""
    return exported(toys.made(), codec, tmp_path_factory.mktemp("onnx"))


def exported(recipe, codec, folder, precision="float32", noise=0.2) -> Translator:
    assert onnx.refusal(recipe) is None
    model = toys.model_of(recipe, codec, noise)
    onnx.write(model, codec, recipe, folder, precision)
    translator = Translator([model], codec, recipe.decode, recipe.data.max_length)
    translator.engine = onnx.open(folder, codec, 1)
    return translator


@pytest.mark.parametrize("name", MODELS)
def test_every_step_is_ours(name, codec, tmp_path):
    used = exported(toys.made(*MODELS[name]), codec, tmp_path)
    assert toys.difference(used.models[0], used.engine, codec) < 1e-4


@pytest.mark.parametrize("name", toys.different())
def test_a_shipped_recipe_is_refused_in_words_or_comes_out_right(name, tmp_path):
    shipped = toys.shrunk(name)
    refused = onnx.refusal(recipe.load(name))
    assert refused == onnx.refusal(shipped)
    if refused is not None:
        assert refused.startswith("model.") and " use " in refused and "\n" not in refused
        return
    codec = toys.codec_of(shipped)
    used = exported(shipped, codec, tmp_path)
    assert toys.difference(used.models[0], used.engine, codec) < 1e-4
    toys.assert_same(*toys.answers(used))


@pytest.mark.parametrize(
    ("decode", "best"),
    [
        ("greedy", 1), ("{kind: beam, size: 4}", 3), ("{kind: beam, size: 3, no_repeat: 1}", 1),
        ("{kind: diverse, size: 4, groups: 2}", 2), ("{kind: sample, top_k: 9}", 3),
        ("{kind: mbr, samples: 4}", 1),
    ],
)  # fmt: skip
def test_every_search_gives_the_answers_of_our_own(decode, best, plain, monkeypatch):
    monkeypatch.setattr(plain, "decode", changed(f"decode={decode}").decode)
    own, theirs = toys.answers(plain, best)
    toys.assert_same(own, theirs)
    assert len({len(row[0].tokens) for row in own}) > 2  # they end here and there


def test_prefixes_and_phrases_are_kept_to(plain):
    words = plain.codec.target.encode(["snow", "red"])
    own, theirs = toys.answers(plain, terms=words[:1], prefix=words[1])
    toys.assert_same(own, theirs)
    assert all(row[0].tokens[: len(words[1])] == words[1] for row in theirs)


def test_a_trace_is_left_to_our_own_search(plain):
    from regard.tasks.decode.base import Ask

    assert not plain.engine.takes(plain.decode, Ask(trace=[]), [[]])


def test_a_translator_with_the_engine_translates_the_same(plain):
    own = Translator(plain.models, plain.codec, plain.decode, plain.longest)
    lines = ["the dog sees snow.", "", "red " * 30, "a"]
    given, wanted = plain.translate(lines), own.translate(lines)
    assert [x.text for x in given] == [x.text for x in wanted]
    assert max(abs(a.score - b.score) for a, b in zip(given, wanted, strict=True)) < 1e-2


def test_rows_beyond_learned_positions_are_left_alone(codec, tmp_path):
    recipe = toys.made(*toys.both("position={kind: learned, length: 30}"), "decode=greedy")
    toys.check_long_rows_are_left_alone(exported(recipe, codec, tmp_path), 30)


@pytest.mark.parametrize("name", ["as it comes", "luong"])
def test_8_bits_are_near(name, codec, tmp_path):
    recipe = toys.made(*MODELS[name], "model.dim=64")
    sizes = {}
    for precision in onnx.PRECISIONS:
        folder = tmp_path / precision
        folder.mkdir()
        used = exported(recipe, codec, folder, precision, 0.02)
        sizes[precision] = sum(f.stat().st_size for f in folder.glob("*.onnx"))
    assert used.engine.name == "onnx int8" and sizes["int8"] < 0.8 * sizes["float32"]
    far = toys.difference(used.models[0], used.engine, codec)
    assert 1e-4 < far < 0.2


def test_the_folder_needs_nobody_else(plain, tmp_path):
    before = toys.made("decode.no_repeat=3")
    exported(before, plain.codec, tmp_path)
    names = {f.relative_to(tmp_path).as_posix() for f in tmp_path.rglob("*") if f.is_file()}
    assert names == {
        "encoder.onnx", "decoder.onnx", "graphs.json", "recipe.yaml", "README.md",
        "tokenizer/shared/tokenizer.json", "tokenizer/shared/tokenizer_config.json",
    }  # fmt: skip
    assert recipe.make(recipe.read(tmp_path / "recipe.yaml")) == before
    assert Codec.load(tmp_path / "tokenizer", before.data).source.names == plain.codec.source.names


@pytest.mark.parametrize("name", ["as it comes", "rnnsearch"])
def test_the_example_in_the_readme_is_greedy_search(name, codec, tmp_path, monkeypatch):
    used = exported(toys.made(*MODELS[name]), codec, tmp_path)
    used.decode = greedy.Config(stutter=0)
    own, _ = toys.answers(used)
    monkeypatch.chdir(tmp_path)
    _, code, *_ = (tmp_path / "README.md").read_text("utf-8").split("```")
    space: dict = {}
    exec(compile(code.removeprefix("python"), "README.md", "exec"), space)
    given = sorted(toys.sources(codec), key=lambda row: -len(row))
    found = [space["greedy"](row, 2 * len(row) + 20) for row in given]
    assert found == [row[0].tokens for row in own]
    assert os.getcwd() == str(tmp_path)


def test_what_cannot_be_a_graph_is_refused_in_a_sentence():
    refused = onnx.refusal(toys.made("model.encoder.block.mixer=reformer"))
    assert refused is not None and refused.startswith("model.encoder.block.mixer: reformer ")
    assert " use softmax or " in refused and "\n" not in refused


def test_a_missing_library_is_named(codec, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"onnxruntime is not installed: pip install 'regard\[exp"):
        onnx.write(toys.model_of(toys.made(), codec), codec, toys.made(), tmp_path, "float32")


def test_the_model_is_left_as_it_was(codec, tmp_path):
    model = toys.model_of(toys.made(*MODELS["rnnsearch"]), codec).train()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    onnx.write(model, codec, toys.made(*MODELS["rnnsearch"]), tmp_path, "float32")
    after = model.state_dict()
    assert model.training and after.keys() == before.keys()
    assert all(torch.equal(t, after[name]) for name, t in before.items())
