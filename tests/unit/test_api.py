"""The Python face: an import that costs nothing, a verb that is a folder too, an object to call."""

import subprocess
import sys
from pathlib import Path

import pytest

import regard

# The smallest translator there is: it says nothing sensible, but all of it is real.
RECIPE = """
task: translate
data: {corpus: moses, directions: [ko-en], tokenizer: char, shared: false}
model:
  dim: 16
  encoder: {layers: 1, block: {mixer: {kind: softmax, heads: 2}, ff: {kind: relu, width: 16}}}
  decoder: {layers: 1, block: {mixer: {kind: softmax, heads: 2}, ff: {kind: relu, width: 16}}}
train: {steps: 4, batch_tokens: 400, every: 2, precision: float32, optim: {lr: 5.0e-3, warmup: 2}}
decode: {kind: beam, size: 2}
dev_rows: 4
"""
SIZES = {"train": 120, "dev": 4, "test": 10}


def prepare(folder: Path) -> Path:
    """A corpus and a recipe in `folder`; the recipe's file."""
    from regard.data import phrasebook

    corpus = folder / "corpus"
    corpus.mkdir()
    for split, count in SIZES.items():
        pairs = phrasebook.pairs(split, count)
        for side in ("ko", "en"):
            text = "".join(f"{getattr(pair, side)}\n" for pair in pairs)
            (corpus / f"{split}.{side}").write_text(text, "utf-8")
    recipe = folder / "tiny.yaml"
    recipe.write_text(RECIPE.replace("data: {", f"data: {{dir: {corpus}, "), "utf-8")
    return recipe


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> regard.Run:
    folder = tmp_path_factory.mktemp("api")
    return regard.train(prepare(folder), out=folder / "run", device="cpu", quiet=True)


@pytest.fixture(scope="module")
def mt(run: regard.Run) -> regard.Loaded:
    return regard.load(run, device="cpu")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_costs_nothing_and_the_folder_stays_a_verb():
    said = python(
        "import sys, regard\n"
        "assert set(regard.__all__) <= set(dir(regard))\n"
        "assert not {'torch', 'numpy', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "before = regard.train\n"
        "assert 'torch' not in sys.modules and callable(before)\n"
        "import regard.train.config, regard.train.loop as loop\n"
        "from regard.train import loop as same\n"
        "assert regard.train is before and regard.train.loop is loop is same\n"
        "from regard import train\n"
        "try: train('no/such/recipe')\n"
        "except regard.UserError as error: print(error)\n"
    )
    assert "no recipe 'no/such/recipe'" in said


def test_the_verb_works_after_the_folder_was_imported_first():
    said = python(
        "import regard.train.loop\n"
        "try: regard.train('tranlate/multi30k_deen')\n"
        "except regard.UserError as error: print(error)\n"
        "import inspect; print(inspect.signature(regard.train))\n"
    )
    assert "did you mean 'translate/multi30k_deen'" in said
    assert "*changes" in said and "device" in said


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(regard, name) is not None for name in regard.__all__)
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = regard.nothing_of_the_kind


def test_training_again_leaves_an_ended_run_alone(run: regard.Run):
    recipe = run.folder.parent / "tiny.yaml"
    before = run.model.stat().st_mtime_ns, run.info()
    again = regard.train(recipe, out=run.folder, device="cpu", quiet=True)
    assert (again.model.stat().st_mtime_ns, again.info()) == before
    with pytest.raises(regard.UserError, match="another recipe"):
        regard.train(recipe, "seed=2", out=run.folder, device="cpu", quiet=True)


def test_a_text_gives_a_text_and_a_list_a_list(mt: regard.Loaded):
    texts = ["민수는 책을 읽었다.", "", "저는 학생입니다."]
    answers = mt(texts)
    assert isinstance(mt(texts[0]), str)
    assert answers == [mt(text) for text in texts] and answers[1] == ""
    assert [x.text for x in mt.translate(texts)] == answers
    assert mt.directions == ("ko-en",) and "ko-en" in repr(mt)


def test_decoding_can_be_asked_for_once_or_for_good(mt: regard.Loaded, run: regard.Run):
    text = "민수는 어제 미나에게 책을 주었다."
    own = mt.translator.decode
    wide = mt(text, beam=7)
    assert mt.translator.decode is own
    assert regard.load(run, decode={"size": 7}, device="cpu")(text) == wide
    greedy = regard.load(run, decode="greedy", device="cpu")
    assert greedy(text) == mt(text, decode="greedy") == mt(text, beam=1)
    assert len(mt.n_best([text], beam=5, best=4)[0]) == 4
    assert mt(text, prefix="Well").startswith("Well")
    for wrong, said in (("gredy", "greedy"), ({"sise": 3}, "size"), ({"size": 0}, "decode.size")):
        with pytest.raises(regard.UserError, match=said):
            regard.load(run, decode=wrong, device="cpu")


def test_the_score_is_the_score_of_the_answer(mt: regard.Loaded):
    texts = ["민수는 책을 읽었다.", "저는 학생입니다."]
    answers = mt.translate(texts, decode="greedy")
    finished = [i for i, x in enumerate(answers) if x.pieces[0].finished]
    forced = mt.score(texts, ["A book.", "I am a student."])
    assert all(score < 0 for score in forced) and len(forced) == 2
    again = mt.score(texts, [x.text for x in answers])
    assert all(abs(again[i] - answers[i].score) < 1e-3 for i in finished)
    with pytest.raises(regard.UserError, match="1 sources and 2 targets"):
        mt.score(texts[:1], texts)
    with pytest.raises(regard.UserError, match="lists"):
        mt.score("a", "b")


def test_an_ensemble_of_one_model_twice_says_what_it_says(mt: regard.Loaded, run: regard.Run):
    both = regard.load(run.folder, str(run.folder), device="cpu")
    texts = ["민수는 책을 읽었다.", "저는 학생입니다."]
    assert both(texts) == mt(texts) and len(both.models) == 2
    assert sum(p.numel() for p in mt.model.parameters()) == run.info()["parameters"]
    with pytest.raises(regard.UserError, match="ensemble of 2"):
        _ = both.model


def test_a_look_can_be_saved(mt: regard.Loaded, tmp_path: Path):
    found = mt.look("민수는 책을 읽었다.")
    assert found.target == mt("민수는 책을 읽었다.")
    found.save(tmp_path / "map.html")
    assert "민수는" in (tmp_path / "map.html").read_text("utf-8") or "\\ubbfc" in (
        tmp_path / "map.html"
    ).read_text("utf-8")
    assert regard.Look.load(found.save(tmp_path / "map.json")).target == found.target


def test_what_cannot_be_loaded_is_said_in_a_sentence(tmp_path: Path):
    for runs in ((), (tmp_path / "nothing",)):
        with pytest.raises(regard.UserError):
            regard.load(*runs)
