"""A translator that starts from an encoder-decoder, or whose source an encoder reads first."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from starting_toys import denoise, made, mlm, pairs, stack, texts, trained, translate

from regard.api import load
from regard.data.tokenizer.base import BOS, EOS
from regard.models import seq2seq
from regard.pass_ import encoding
from regard.recipe import UserError
from regard.run import Run
from regard.tasks import starting_translator


@pytest.fixture(scope="module")
def began(tmp_path_factory):
    """Corpora, and the runs to start from."""
    folder = tmp_path_factory.mktemp("began")
    corpus = texts(folder / "texts")
    reader = trained(mlm(corpus), folder / "reader")
    both = trained(denoise(corpus), folder / "both")
    return pairs(folder / "pairs"), reader, both


def starting(began, start, steps=4, **model):
    settings = translate(began[0], steps) | {"start": str(start.folder)}
    settings["model"] |= model
    return settings


def same(one, two):
    one, two = load_file(one.model), load_file(two.model)
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_an_encoder_decoder_is_taken_over_whole(began, tmp_path):
    data, _, both = began
    settings = starting(began, both, dim=8)
    run = trained(settings, tmp_path / "run")
    assert run.recipe.model == both.recipe.model and run.recipe.data.shared
    begun, old = load_file(run.initial), load_file(both.model)
    assert begun.keys() == old.keys() and all(torch.equal(begun[k], old[k]) for k in old)
    moved = load_file(run.model)
    assert any(not torch.equal(moved[k], old[k]) for k in old)
    known = (run.tokenizer / "shared" / "tokenizer.json").read_text()
    assert known == (both.tokenizer / "tokenizer.json").read_text()
    assert load(run, device="cpu")(["the sun", ""])[1] == ""
    again = trained(settings, tmp_path / "run")  # ended: nothing more to do
    assert again.recipe == run.recipe


def test_the_first_step_is_taken_from_what_was_taken_over(began, tmp_path):
    both = began[2]
    recipe = made(starting(began, both))
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    task = recipe.settled(run).begin(run)
    batch = task.batch(task.batches(200, 0)[0], 0)
    old = both.recipe.build(task.codec.source.size)
    starting_translator.fill(old, both.model, "")
    want = old.eval().teach(batch.source, batch.source_ok, batch.target_in)
    found = task.model.eval().teach(batch.source, batch.source_ok, batch.target_in)
    assert torch.equal(found, want)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("layers", [0, 1])
def test_an_encoder_reads_first(began, tmp_path, shared, layers):
    _, reader, _ = began
    place = {} if layers else {"place": "post"}
    encoder = stack(layers)
    encoder["block"] |= place
    settings = starting(began, reader, encoder=encoder)
    settings["data"]["shared"] = shared
    run = trained(settings, tmp_path / "run")
    old, begun = load_file(reader.model), load_file(run.initial)
    assert begun.keys() == {f"embed.{k}" for k in old if k.startswith("reader.")}
    assert all(torch.equal(v, old[k.removeprefix("embed.")]) for k, v in begun.items())
    assert run.recipe.model.reader.encoder == reader.recipe.model.encoder
    codec = run.recipe.codec(run)
    spelt = (reader.tokenizer / "tokenizer.json").read_text()
    side = "shared" if shared else "source"
    assert (run.tokenizer / side / "tokenizer.json").read_text() == spelt
    if not shared:
        assert codec.target.names != codec.source.names
        assert "<mask>" not in codec.target.names
    used = load(run, device="cpu")
    assert len(used(["the sun and", "", "a tree"])) == 3
    together = used.translator.translate(["the sun and", "a tree of gold"])
    alone = used.translator.translate(["the sun and"])[0]
    assert alone.text == together[0].text
    assert alone.score == pytest.approx(together[0].score, abs=1e-4)


def test_what_the_encoder_gets_is_what_the_reader_read():
    torch.manual_seed(0)
    config = seq2seq.Config(dim=16, encoder=stack(1), decoder=stack(1))
    reader = seq2seq.readers.Config(dim=8, encoder=stack(1), segments=2)
    model = config.model_copy(update={"reader": reader}).build(30, 40).eval()
    tokens = torch.tensor([[9, 8, 7, EOS], [9, EOS, 0, 0]])
    fed = model.embed(tokens, encoding(tokens != 0, tokens, tokens))
    for row, n in ((0, 4), (1, 2)):  # each alone, framed as it was when it learnt
        alone = model.embed.reader(torch.tensor([[BOS, *tokens[row, :n].tolist()]])).x[0, 1:]
        torch.testing.assert_close(fed[row, :n], model.embed.fit(alone), atol=1e-5, rtol=1e-5)
    assert seq2seq.BOS == BOS and fed.shape == (2, 4, 16)
    with pytest.raises(UserError, match="model.tie: all wants a source embedding"):
        config.model_copy(update={"reader": reader, "tie": "all"}).build(30, 30)


@pytest.mark.parametrize("tuning", ["frozen", "lora"])
def test_the_reader_is_tuned_and_the_rest_learns(began, tmp_path, tuning):
    _, reader, _ = began
    settings = starting(began, reader, 6) | {"tuning": tuning}
    settings["train"]["every"] = 3
    whole = trained(settings, tmp_path / "whole")
    begun, ended = load_file(whole.initial), load_file(whole.model)
    assert all(torch.equal(ended[k], v) for k, v in begun.items())
    fresh = whole.recipe.build(whole.recipe.codec(whole)).state_dict()
    assert not torch.equal(ended["writer.embed.weight"], fresh["writer.embed.weight"])
    trained(settings, tmp_path / "cut", until=3)
    assert same(whole, trained(settings, tmp_path / "cut"))


def test_lora_fits_a_whole_translator(began, tmp_path):
    _, _, both = began
    run = trained(starting(began, both) | {"tuning": "lora"}, tmp_path / "run")
    old, ended = load_file(both.model), load_file(run.model)
    assert all(torch.equal(ended[k], old[k]) for k in old)
    places = {k.split(".tuned.")[0] for k in ended.keys() - old.keys()}
    assert "writer.decoder.stack.blocks.0.cross.q" in places
    assert "encoder.stack.blocks.1.mixer.v" in places and all(p[-1] in "qv" for p in places)


def test_the_old_run_is_needed_no_more(began, tmp_path):
    reader = Run(shutil.copytree(began[1].folder, tmp_path / "reader"))
    settings = starting(began, reader, 6)
    settings["train"]["every"] = 3
    whole = trained(settings, tmp_path / "whole")
    trained(settings, tmp_path / "cut", until=3)
    shutil.rmtree(reader.folder)
    assert same(whole, trained(settings, tmp_path / "cut"))
    assert load(tmp_path / "cut", device="cpu")("the sun") is not None


def test_what_cannot_be_a_start_is_told(began, tmp_path):
    data, reader, both = began

    def told(settings, *changes):
        recipe = made(settings, *changes)
        with pytest.raises(UserError) as error:
            run = Run(tmp_path / "none")
            recipe.settled(run).begin(run)
        return str(error.value)

    assert "no run.json" in told(starting(began, Run(tmp_path / "nothing")))
    half = Run(shutil.copytree(reader.folder, tmp_path / "half"))
    half.model.unlink()
    assert "its training has not ended" in told(starting(began, half))
    one = starting(began, both)
    one["data"]["directions"] = ["xx-yy", "yy-xx"]
    assert "has no <2xx>: give it one direction" in told(one)
    protected = told(starting(began, both), "data.protect=true")
    assert "set data.protect=false" in protected
    fed = trained(starting(began, reader, 1), tmp_path / "fed")
    assert "go on by `regard adapt`" in told(starting(began, fed))
    second = denoise(tmp_path) | {"start": str(reader.folder)}
    assert "a run of mlm, which only reads" in told(second)
    other = Run(shutil.copytree(both.folder, tmp_path / "other"))
    weights = load_file(other.model)
    weights["bias"] = weights["bias"][:-1]
    save_file(weights, other.model)
    (tmp_path / "none").mkdir()
    assert "bias is (" in told(starting(began, other))


def test_exports_that_know_no_reader_say_so(began, tmp_path):
    from regard.export.base import exports

    reader = trained(starting(began, began[1], 1), tmp_path / "run")
    for kind, refused in exports(reader.recipe).items():
        assert (refused is None) == (kind in ("native", "shortlist")), kind
