"""The Hugging Face export: plain transformers reads it, and gives our ids and log-probabilities."""

import json
import sys

import export_toys as toys
import pytest
import torch
from tiny import changed

from regard import recipe
from regard.data.batching import ok, pad
from regard.data.parallel import Codec
from regard.data.tokenizer.base import EOS
from regard.export import hf
from regard.recipe import UserError
from regard.tasks.decode import greedy
from regard.tasks.translator import Translator

transformers = pytest.importorskip("transformers")

PRE = [[f"position={position}", f"block.ff={ff}"] for position in ("sinusoidal", "learned", "none")
       for ff in ("relu", "gelu")]  # fmt: skip
MODELS = {f"pre {p} {ff}": toys.both(p, ff) for p, ff in PRE}
MODELS |= {
    f"post {ff} {tie}": [*toys.both("block.place=post", f"block.ff={ff}"), f"model.tie={tie}"]
    for ff in ("relu", "gelu") for tie in ("all", "target", "none")
}  # fmt: skip
MODELS["unscaled, other waves"] = [*toys.both("position={kind: sinusoidal, base: 500}"),
                                   "model.embed={kind: table, scale: false}",
                                   "model.encoder.layers=1", "model.decoder.block.ff.width=40",
                                   "model.encoder.block.mixer.heads=4"]  # fmt: skip
HOSTILE = [
    "", " ", "  two  spaces ", "tab\tand\nline", "<pad> <eos>", "<bos><unk> </s>", "<0x41>",
    "🤡 café cafe\u0301 ＡＢ", "한국어 ㅎㅏㄴ 눈을", "x" * 300, "\u2028\x85\x00", "▁a▁", "a " * 50,
]  # fmt: skip


@pytest.fixture(scope="module")
def codec() -> Codec:
    return toys.codec_of(toys.made())


def exported(recipe, codec, folder) -> Translator:
    """A translator with its export as engine."""
    assert hf.refusal(recipe) is None
    model = toys.model_of(recipe, codec)
    hf.write(model, codec, recipe, folder, "float32")
    translator = Translator([model], codec, recipe.decode, recipe.data.max_length)
    translator.engine = hf.open(folder, codec, torch.get_num_threads())
    return translator


@torch.no_grad()
def forced(model, theirs, codec) -> float:
    """The largest difference of log-probabilities along given tokens."""
    source = pad(toys.sources(codec))
    given = torch.randint(3, codec.target.size, (len(source), 6))
    ours = model.logits(model.teach(source, ok(source), given)).log_softmax(-1)
    made = theirs(source, attention_mask=ok(source).long(), decoder_input_ids=given)
    return float((made.logits.log_softmax(-1) - ours).abs().max())


@pytest.mark.parametrize("name", MODELS)
def test_the_log_probabilities_are_ours(name, codec, tmp_path):
    used = exported(toys.made(*MODELS[name]), codec, tmp_path)
    theirs = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    assert type(theirs).__name__ == hf.CLASSES["post" if name.startswith("post") else "pre"][1]
    assert forced(used.models[0], theirs, codec) < 1e-4
    assert toys.difference(used.models[0], used.engine, codec) < 1e-4
    saved = tmp_path / "again"
    theirs.save_pretrained(saved)  # as somebody who has trained it on would
    again = transformers.AutoModelForSeq2SeqLM.from_pretrained(saved).eval()
    assert forced(used.models[0], again, codec) < 1e-4


@pytest.mark.parametrize("name", toys.different())
def test_a_shipped_recipe_is_refused_in_words_or_comes_out_right(name, tmp_path):
    shipped = toys.shrunk(name)
    refused = hf.refusal(recipe.load(name))
    assert refused == hf.refusal(shipped)
    if refused is not None:
        check_sentence(refused)
        return
    codec = toys.codec_of(shipped)
    used = exported(shipped, codec, tmp_path)
    assert toys.difference(used.models[0], used.engine, codec) < 1e-4
    toys.assert_same(*toys.answers(used))


@pytest.fixture(scope="module", params=["pre", "post"])
def plain(request, codec, tmp_path_factory) -> Translator:
    decode = "decode={kind: beam, size: 4, no_repeat: 1, stutter: 0}"
    recipe = toys.made(*toys.both(f"block.place={request.param}"), decode)
    folder = tmp_path_factory.mktemp("hf")
    used = exported(recipe, codec, folder)
    used.theirs, used.folder = used.engine.start.__self__.model, folder
    return used


@pytest.mark.parametrize(
    ("decode", "best"),
    [("greedy", 1), ("{kind: beam, size: 4}", 3), ("{kind: beam, size: 3, no_repeat: 1}", 1),
     ("{kind: diverse, size: 4, groups: 2}", 2), ("{kind: sample, top_k: 9}", 2)],
)  # fmt: skip
def test_the_engine_gives_the_answers_of_our_own_search(decode, best, plain, monkeypatch):
    monkeypatch.setattr(plain, "decode", changed(f"decode={decode}").decode)
    own, theirs = toys.answers(plain, best)
    toys.assert_same(own, theirs)
    assert len({len(row[0].tokens) for row in own}) > 2


def generated(used: Translator, **how):
    """What `generate` says with the folder's own settings (None: no end), and the scores."""
    given = sorted(toys.sources(used.codec), key=lambda row: -len(row))
    source = pad(given)
    made = used.theirs.generate(
        source, attention_mask=ok(source).long(), return_dict_in_generate=True, output_scores=True,
        **how,
    )  # fmt: skip
    rows = [row[1 : row.index(EOS)] if EOS in row else None for row in made.sequences.tolist()]
    return given, rows, made.sequences_scores.tolist() if how == {} else None


def test_greedy_generate_is_greedy_search(plain, monkeypatch):
    monkeypatch.setattr(plain, "decode", greedy.Config(no_repeat=1, stutter=0))
    own, _ = toys.answers(plain)
    _, rows, _ = generated(plain, num_beams=1)
    ended = [(mine[0].tokens, row) for mine, row in zip(own, rows, strict=True)
             if mine[0].finished]  # fmt: skip
    assert len(ended) > 2 and all(a == b for a, b in ended)


def test_generate_searches_as_the_recipe_asks_and_its_scores_are_ours(plain):
    settings = plain.theirs.generation_config
    assert (settings.num_beams, settings.length_penalty) == (4, 1.0)
    found = [x for x in zip(*generated(plain), strict=True) if x[1] is not None]
    given, rows, scores = zip(*found, strict=True)
    assert len(rows) > 2 and all(len(set(row)) == len(row) for row in rows)  # no_repeat
    assert not any(set(plain.codec.silent).intersection(row) for row in rows)
    golds = [[*row, EOS] for row in rows]
    sums = [sum(x) for x in plain.forced(given, golds)]
    for gold, score, mine in zip(golds, scores, sums, strict=True):
        assert abs(score * len(gold) - mine) < 1e-3  # score / n^length_penalty


def test_the_folder_holds_no_code_and_no_pickle(plain):
    names = {f.name for f in plain.folder.iterdir()}
    assert names == {
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json", "README.md",
    }  # fmt: skip
    config = json.loads((plain.folder / "config.json").read_text("utf-8"))
    assert "auto_map" not in config
    text = (plain.folder / "README.md").read_text("utf-8")
    assert "{" not in text and "`beam`" in text and "alpha\n  1.0" in text


@pytest.mark.parametrize("kind", ["bpe", "unigram", "char", "byte"])
def test_the_tokenizer_gives_our_ids_and_texts(kind, tmp_path):
    changes = ["data.tokenizer=byte"] if kind == "byte" else [f"data.tokenizer.kind={kind}"]
    recipe = toys.made(*changes)
    codec = toys.codec_of(recipe)
    hf.theirs(codec.source).save(str(tmp_path / "tokenizer.json"))
    exported(recipe, codec, tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    texts = [*toys.sentences(20, 5), *HOSTILE]
    ids = codec.sources(texts, ["ko-en"] * len(texts))
    assert theirs(texts).input_ids == ids
    assert theirs.batch_decode(ids, skip_special_tokens=True) == codec.target.decode(ids)
    batch = theirs(texts[:5], padding=True, return_tensors="pt")
    assert torch.equal(batch.input_ids, pad(ids[:5]))
    assert torch.equal(batch.attention_mask.bool(), ok(pad(ids[:5])))


def test_a_text_begins_with_the_tag_of_its_direction(tmp_path):
    recipe = toys.made("data.directions=[ko-en, en-ko]")
    codec = toys.codec_of(recipe)
    exported(recipe, codec, tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    lines = toys.sentences(9, 6)
    for direction in ("ko-en", "en-ko"):
        tag = f"<2{direction[-2:]}>"
        tagged = [tag + line for line in lines]
        assert theirs(tagged).input_ids == codec.sources(lines, [direction] * len(lines))


def test_rows_beyond_learned_positions_are_left_alone(codec, tmp_path):
    recipe = toys.made(*toys.both("position={kind: learned, length: 30}"), "decode=greedy")
    toys.check_long_rows_are_left_alone(exported(recipe, codec, tmp_path), 30)


def check_sentence(refused: str | None) -> None:
    assert refused is not None and "\n" not in refused
    path, _, rest = refused.partition(": ")
    assert path.split(".")[0] in ("model", "data") and " use " in rest


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (["data.shared=false", "model.tie=target"], "data.shared"),
        (["data.tokenizer.kind=jamo"], "data.tokenizer"),
        (toys.both("block.place=sandwich"), "model.encoder.block.place"),
        (["model.decoder.block.place=post"], "model.decoder.block.place"),
        (toys.both("position=rotary"), "model.encoder.position"),
        (["model.decoder.position=t5"], "model.decoder.position"),
        (toys.both("block.place=post", "position=learned"), "model.encoder.position"),
        (toys.both("block.place=post", "position={kind: sinusoidal, base: 500}"),
         "model.encoder.position.base"),
        (["model.decoder.position={kind: learned, length: 9}",
          "model.encoder.position={kind: learned, length: 8}"], "model.decoder.position.length"),
        (["model.encoder.block.mixer=linear"], "model.encoder.block.mixer"),
        (["model.decoder.block.mixer=ssru"], "model.decoder.block.mixer"),
        (["model.decoder.block.cross=general"], "model.decoder.block.cross"),
        (["model.decoder.block.cross={kind: softmax, heads: 1}"],
         "model.decoder.block.cross.heads"),
        (toys.both("block.ff=swiglu"), "model.encoder.block.ff"),
        (["model.decoder.block.ff=gelu"], "model.decoder.block.ff"),
        (toys.both("block.norm=rms"), "model.encoder.block.norm"),
        (["model.decoder.block.norm={kind: layer, eps: 1.0e-6}"], "model.decoder.block.norm.eps"),
        (["model.tie=target"], "model.tie"),
        (["model.encoder.layers=0"], "model.encoder.layers"),
        (["model.encoder={kind: recurrent, cell: gru}", "model.decoder=bahdanau"],
         "model.encoder"),
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_refused_in_a_sentence(changes, path):
    refused = hf.refusal(toys.made(*changes))
    check_sentence(refused)
    assert refused.startswith(f"{path}: ")


def test_a_missing_library_is_named(codec, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"transformers is not installed: pip install 'regard\[hf"):
        hf.open(tmp_path, codec, 1)
