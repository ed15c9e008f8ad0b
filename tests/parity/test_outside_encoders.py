"""Encoders from outside: tiny random ones of transformers answer the same here, and back there."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import regard
from regard import recipe as recipes
from regard.cli import main
from regard.data.reading import collate, framed
from regard.data.tokenizer import base as tokenizer_of
from regard.data.tokenizer.foreign import ForeignTokenizer, Order
from regard.outside import base
from regard.recipe import Part, UserError
from regard.run import Run
from regard.tasks.loading import weighted
from regard.train.training import train

hf = pytest.importorskip("transformers")

from encoder_toys import CASES, KINDS, PAIRS, STRANGE, TEXTS, made  # noqa: E402


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("outside")
    return {name: made(folder / str(i), *case) for i, (name, case) in enumerate(CASES.items())}


@pytest.fixture(scope="module")
def runs(checkpoints, tmp_path_factory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: regard.import_checkpoint(path, folder / path.name)
        for name, path in checkpoints.items()
    }


def opened(run: Run) -> tuple[ForeignTokenizer, torch.nn.Module]:
    """Tokenizer and model of a run."""
    found = tokenizer_of.load(run.tokenizer)
    return found, weighted(run.recipe.build(found.size), run).eval()


@torch.inference_mode()
def ours(run: Run, rows) -> tuple[torch.Tensor, torch.Tensor]:
    """Vectors and scores, in their order of tokens."""
    tokenizer, model = opened(run)
    batch = collate(framed(tokenizer, rows, 30))
    x = model.reader(batch.tokens, batch.ok, batch.segments).x
    scores = model.hidden(x) @ model.head[0].T + model.head[1]
    return x[batch.ok], scores[batch.ok][:, torch.from_numpy(tokenizer.order.ours)]


@torch.inference_mode()
def theirs(run: Run, path: Path, rows) -> tuple[torch.Tensor, torch.Tensor]:
    """The same of transformers."""
    tokenizer, _ = opened(run)
    batch = collate(framed(tokenizer, rows, 30))
    ids = torch.from_numpy(tokenizer.order.theirs)[batch.tokens]
    model = hf.AutoModelForMaskedLM.from_pretrained(path).eval()
    kinds = {"token_type_ids": batch.segments} if model.config.type_vocab_size > 1 else {}
    found = model(ids, attention_mask=batch.ok.long(), output_hidden_states=True, **kinds)
    return found.hidden_states[-1][batch.ok], found.logits[batch.ok]


@pytest.mark.parametrize("name", CASES)
def test_vectors_and_scores_are_theirs(name, checkpoints, runs):
    """Rows of unequal length, of one text and of two."""
    for rows in (PAIRS, [(text,) for text in TEXTS]):
        mine = ours(runs[name], rows)
        for own, other in zip(mine, theirs(runs[name], checkpoints[name], rows), strict=True):
            assert own.abs().mean() > 0.05  # not equal for being nothing
            torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_tokens_are_theirs(name, checkpoints, runs):
    tokenizer, _ = opened(runs[name])
    other = hf.AutoTokenizer.from_pretrained(checkpoints[name])
    for text, row in zip(STRANGE, tokenizer.encode(STRANGE), strict=True):
        wanted = other(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        specials = other.all_special_ids  # XLM-R's kind of model finds them even in split text
        wanted = [other.unk_token_id if i in specials else i for i in wanted]
        assert tokenizer.order.theirs[row].tolist() == wanted, text
    first = [other.pad_token_id, other.cls_token_id, other.sep_token_id, other.unk_token_id]
    assert tokenizer.order.theirs[:5].tolist() == [*first, other.mask_token_id]
    assert tokenizer.special("<mask>") == 4
    assert min(map(min, filter(None, tokenizer.encode(STRANGE)))) >= 3  # nobody types a special


@pytest.mark.parametrize("name", KINDS)
def test_rows_of_one_text_or_two_are_framed_as_theirs(name, checkpoints, runs):
    tokenizer, _ = opened(runs[name])
    other = hf.AutoTokenizer.from_pretrained(checkpoints[name])
    for rows in ([(text,) for text in TEXTS], PAIRS):
        for texts, row in zip(rows, framed(tokenizer, rows, 99), strict=True):
            assert tokenizer.order.theirs[row.ids].tolist() == other(*texts)["input_ids"]
    long = [(TEXTS[0], TEXTS[1])]
    assert all(len(framed(tokenizer, long, size)[0].ids) == size for size in (8, 9, 20))


@pytest.mark.parametrize("name", KINDS)
def test_words_and_pieces(name, runs):
    tokenizer, _ = opened(runs[name])
    for text in TEXTS:
        (ids,) = tokenizer.encode([text])
        at = tokenizer.word_index(text, ids)
        assert sorted(set(at)) == list(range(len(text.split()))) and at == sorted(at)
        assert len(tokenizer.pieces(ids)) == len(ids) and all(tokenizer.pieces(ids))
        starts = [i for i in range(len(ids)) if not i or at[i] != at[i - 1]]
        begins = [tokenizer.bytes_of[i][:1] == b" " for i in ids]
        assert all(begins[i] for i in starts[1:] if ids[i] != 3)  # where a word begins, a space
    (back,) = tokenizer.decode(tokenizer.encode([TEXTS[0]]))
    assert back.strip() == TEXTS[0]


@pytest.mark.parametrize("name", CASES)
def test_there_and_back(name, checkpoints, runs, tmp_path):
    """Exported, transformers gives what it gave; imported again, the run is the same."""
    report = regard.export(runs[name], tmp_path / "back", to="hf")
    assert report.exact_enough and report.rows and report.lines, report.sentence
    rows = PAIRS if runs[name].recipe.model.segments else [(text,) for text in TEXTS]
    was, now = (theirs(runs[name], path, rows) for path in (checkpoints[name], tmp_path / "back"))
    torch.testing.assert_close(now, was, atol=1e-5, rtol=1e-5)
    again = regard.import_checkpoint(tmp_path / "back", tmp_path / "again")
    assert recipes.dump(again.recipe) == recipes.dump(runs[name].recipe)
    old, new = (load_file(run.model) for run in (runs[name], again))
    assert old.keys() == new.keys()
    assert all(torch.equal(old[key], new[key]) for key in old)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        one, two = (json.loads((run.tokenizer / file).read_text()) for run in (runs[name], again))
        assert one == two


def test_a_trained_row_goes_back_where_it_came_from(runs, tmp_path):
    """What is learnt of our token 7 is found in transformers at the row that it was."""
    run = Run(shutil.copytree(runs["bert"].folder, tmp_path / "run"))
    tensors = load_file(run.model)
    tensors["reader.embed.weight"][7] = 7.0
    tensors["bias"][7] = 7.0
    save_file(tensors, run.model)
    regard.export(run, tmp_path / "back", to="hf")
    found = load_file(tmp_path / "back" / "model.safetensors")
    (row,) = (found["bert.embeddings.word_embeddings.weight"] == 7).all(1).nonzero().flatten()
    assert row == opened(run)[0].order.theirs[7] and found["cls.predictions.bias"][row] == 7


# -- checkpoints of other shapes -------------------------------------------------------------------


def test_a_bare_encoder_and_old_names(checkpoints, runs, tmp_path):
    """No prefix, norms called gamma and beta, several files, half precision: the same encoder."""
    folder = Path(shutil.copytree(checkpoints["bert"], tmp_path / "old"))
    found = load_file(folder / "model.safetensors")
    found = {k.removeprefix("bert."): v for k, v in found.items() if k.startswith("bert.")}
    swapped = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias",
               "LayerNorm.beta"): v for k, v in found.items()}  # fmt: skip
    (folder / "model.safetensors").unlink()
    names = sorted(swapped)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, own in parts.items():
        save_file({name: swapped[name] for name in own}, folder / file)
    index = {name: file for file, own in parts.items() for name in own}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    run = regard.import_checkpoint(folder, tmp_path / "run")
    torch.testing.assert_close(ours(run, PAIRS)[0], ours(runs["bert"], PAIRS)[0])
    assert run.info()["imported"]["made_anew"][0] == "dense.weight"
    (folder / "b.safetensors").unlink()
    with pytest.raises(UserError, match=r"b\.safetensors, a part of its weights, is not there"):
        regard.import_checkpoint(folder, tmp_path / "other")


def test_a_discriminator_is_an_encoder_to_start_from(tmp_path):
    settings = {"hidden_size": 16, "num_attention_heads": 4, "embedding_size": 8}
    path = made(tmp_path / "d", hf.ElectraForPreTraining, hf.BertTokenizer, settings)
    run = regard.import_checkpoint(path, tmp_path / "run")
    told = run.info()["imported"]
    assert any(name.startswith("discriminator_predictions") for name in told["left_out"])
    assert set(told["made_anew"]) == {
        "dense.weight",
        "dense.bias",
        "norm.weight",
        "norm.bias",
        "bias",
    }
    tokenizer, model = opened(run)
    batch = collate(framed(tokenizer, PAIRS, 30))
    other = hf.ElectraModel.from_pretrained(path).eval()
    with torch.inference_mode():
        x = model.reader(batch.tokens, batch.ok, batch.segments).x
        y = other(torch.from_numpy(tokenizer.order.theirs)[batch.tokens],
                  attention_mask=batch.ok.long(), token_type_ids=batch.segments)[0]  # fmt: skip
    torch.testing.assert_close(x[batch.ok], y[batch.ok], atol=1e-5, rtol=1e-5)


def test_a_vocabulary_without_a_tokenizer_json(checkpoints, runs, tmp_path, monkeypatch):
    """A vocab.txt alone becomes what transformers makes of it; without transformers, a sentence."""
    folder = Path(shutil.copytree(checkpoints["bert"], tmp_path / "slow"))
    vocab = hf.AutoTokenizer.from_pretrained(folder).get_vocab()
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    (folder / "vocab.txt").write_text("\n".join(sorted(vocab, key=vocab.__getitem__)) + "\n")
    run = regard.import_checkpoint(folder, tmp_path / "run")
    assert opened(run)[0].encode(STRANGE) == opened(runs["bert"])[0].encode(STRANGE)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"pip install 'regard\[hf\]'"):
        regard.import_checkpoint(folder, tmp_path / "other")


def test_a_name_on_the_hub(checkpoints, tmp_path, monkeypatch):
    """Only JSON, text and safetensors are asked for; a failure is a sentence."""
    import huggingface_hub

    asked = {}

    def fetch(name, allow_patterns):
        if name == "no/where":
            raise OSError("not found\nand much more")
        asked[name] = allow_patterns
        return str(checkpoints["bert"])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    monkeypatch.chdir(tmp_path)
    run = regard.import_checkpoint("some/bert")
    assert str(run.folder) == "runs/bert" and run.info()["imported"]["source"] == "some/bert"
    assert not any(p.endswith((".bin", ".pt", ".pkl", ".py", "*")) for p in asked["some/bert"])
    with pytest.raises(UserError, match="not to be had from the hub: not found$"):
        regard.import_checkpoint("no/where")


# -- use -------------------------------------------------------------------------------------------


def trained(tmp_path: Path, run: Run, settings: dict) -> Run:
    """A run of a few steps that starts from another."""
    short = {"steps": 2, "batch_tokens": 200, "every": 1, "precision": "float32"}
    recipe = recipes.make({"start": str(run.folder), "train": short, **settings})
    return train(recipe, tmp_path / settings["task"], device="cpu", quiet=True)


@pytest.mark.parametrize("name", ["bert", "roberta, odd positions", "electra"])
def test_classifiers_start_from_it(name, runs, tmp_path):
    rows = "".join(f"{text}\t{i % 2}\n" for i, text in enumerate(TEXTS * 2))
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text("text\tlabel\n" + rows)
    made = trained(tmp_path, runs[name], {
        "task": "classify", "data": {"dir": str(tmp_path), "max_length": 24}})  # fmt: skip
    first, own = load_file(made.initial), load_file(runs[name].model)
    assert all(
        torch.equal(own[key], value) for key, value in first.items() if key.startswith("reader")
    )
    found = regard.load(made.folder).classify([("한국어 문장",), ("",)])
    assert found[0].label in "01" and found[1].label == ""


def test_masked_words_go_on_with_the_head(runs, tmp_path):
    (tmp_path / "train.txt").write_text("\n".join(TEXTS * 3) + "\n")
    data = {"dir": str(tmp_path), "parts": [{}], "held": 3, "max_length": 24}
    run = runs["bert, one kind of text, one head"]
    made = trained(tmp_path, run, {"task": "mlm", "data": data})
    assert made.recipe.model.eps == 1e-3 and made.recipe.model.activation == "gelu_tanh"
    first, own = load_file(made.initial), load_file(run.model)
    assert all(torch.equal(first[key], own[key]) for key in own)
    assert regard.export(made, tmp_path / "back", to="hf").exact_enough


def test_the_command(checkpoints, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["import", str(checkpoints["electra"]), "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["imported"]["family"] == "electra"
    assert main(["export", out, "--to", "hf"]) == 0
    assert "exact enough" in capsys.readouterr().out
    assert "electra" in (tmp_path / "run" / "README.md").read_text()
    assert main(["import", "--list", "--json"]) == 0
    listed = {one["family"]: one["only"] for one in json.loads(capsys.readouterr().out)}
    assert listed.keys() >= set(KINDS) and listed["bert"]["add_cross_attention"] == [False]
    assert main(["import"]) == 2 and main(["export", out, "--to", "onnx"]) == 2
    assert "only to hf" in capsys.readouterr().err


# -- what cannot be read ---------------------------------------------------------------------------

UNSUPPORTED = {
    "hidden_act": ("mish", "hidden_act"), "is_decoder": (True, "is_decoder"),
    "add_cross_attention": (True, "add_cross_attention"),
    "position_embedding_type": ("relative_key", "position_embedding_type.*'relative_key'"),
    "pruned_heads": ({"0": [1]}, "pruned_heads"), "hidden_size": ("many", "hidden_size.*'many'"),
    "tie_word_embeddings": (False, "tie_word_embeddings"),
    "num_attention_heads": (3, "num_attention_heads: 3"),
    "model_type": ("bertt", "'bertt'.*did you mean 'bert'"), "vocab_size": (9, "tokenizer"),
    "num_hidden_layers": (3, "there is no tensor bert.encoder.layer.2"),
    "type_vocab_size": (4, "token_type|weights have"), "intermediate_size": (7, "weights have"),
}  # fmt: skip


@pytest.mark.parametrize("key", UNSUPPORTED)
def test_settings_that_cannot_be_honoured_are_refused(key, checkpoints, tmp_path):
    value, wanted = UNSUPPORTED[key]
    folder = Path(shutil.copytree(checkpoints["bert"], tmp_path / "odd"))
    config = json.loads((folder / "config.json").read_text()) | {key: value}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=wanted) as error:
        regard.import_checkpoint(folder, tmp_path / "run")
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def lacking(folder: Path, name: str) -> None:
    (folder / name).unlink()


def cut_off(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:200])


def pickled(folder: Path, name: str) -> None:
    (folder / name).rename(folder / "pytorch_model.bin")


def crossing(folder: Path, name: str) -> None:
    tensors = load_file(folder / name)
    tensors["bert.encoder.layer.0.crossattention.self.query.weight"] = torch.zeros(2)
    save_file(tensors, folder / name)


DAMAGED = [
    (lacking, "config.json", "has no config.json"), (cut_off, "config.json", "is no JSON object"),
    (cut_off, "model.safetensors", "damaged"), (lacking, "model.safetensors", "no safetensors"),
    (pickled, "model.safetensors", "run code when they are read; convert"),
    (cut_off, "tokenizer.json", "damaged"), (lacking, "tokenizer.json", "no tokenizer.json"),
    (crossing, "model.safetensors", "crossattention.* has no place"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "file", "wanted"), DAMAGED)
def test_damaged_checkpoints_give_a_sentence(how, file, wanted, checkpoints, tmp_path, capsys):
    folder = Path(shutil.copytree(checkpoints["bert"], tmp_path / "odd"))
    how(folder, file)
    assert main(["import", str(folder), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    said = [line for line in said.splitlines() if line.startswith("regard: ")]
    assert len(said) == 1 and str(folder) in said[0] and "Traceback" not in said[0]
    with pytest.raises(UserError, match=wanted):
        regard.import_checkpoint(folder, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("kind", "side", "settings", "wanted"),
    [
        ("sandwich", "encoder", {"entry": "layer"}, "sandwich: has no entry"),
        ("universal", "encoder", {"width": 8}, "universal: has no entry"),
        ("plain", "decoder", {"width": 8}, "decoder.width: is for encoders"),
        ("plain", "encoder", {"width": 8, "position": "floater"}, "floater enters every block"),
    ],
)
def test_what_a_stack_cannot_honour_is_refused(kind, side, settings, wanted):
    """An entry or a width of its own is never dropped in silence."""
    config = Part("stack").pick({"kind": kind, "layers": 2, **settings})
    with pytest.raises(UserError, match=wanted):
        config.encoder(16) if side == "encoder" else config.decoder(16, None)


def test_an_order_may_name_a_row_twice():
    """A copy has no place of its own there; what goes back is the last of them."""
    order = Order([3, 3, 1, 0], 6)
    assert order.theirs.tolist() == [3, 3, 1, 0, 2, 4, 5] and order.copies.tolist() == [0]
    table = torch.arange(12.0).view(6, 2)
    way = base.rows(order)
    (back,) = way.theirs(way.ours(table))
    assert torch.equal(back, table)
    changed = way.ours(table)
    changed[1] = 9
    assert (way.theirs(changed)[0][3] == 9).all()
    assert (base.rows(order, copies=-5.0).ours(table)[0] == -5).all()
    with pytest.raises(UserError, match="no row"):
        Order([7], 6)


def test_a_run_whose_folder_is_taken_is_left_alone(checkpoints, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UserError, match="is there already"):
        regard.import_checkpoint(checkpoints["bert"], tmp_path)
    with pytest.raises(UserError, match="a run of mlm, not of translate"):
        regard.import_checkpoint(checkpoints["bert"], tmp_path / "new", task="translate")
