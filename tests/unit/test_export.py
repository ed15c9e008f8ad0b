"""What every export shares: which recipes can have it, its report, and which engine answers."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sacrebleu
from tiny import changed, tiny

import regard
from regard.cli import main
from regard.data import phrasebook
from regard.data.corpus.base import Row
from regard.export import base, parity
from regard.export.parity import Lines, Report, Sample, Side
from regard.recipe import UserError, load, shipped
from regard.run import Run
from regard.search.base import Hypothesis
from regard.tasks import translate
from regard.tasks.decode import greedy
from regard.tasks.translator import Wish

KOREAN = [pair.ko for pair in phrasebook.pairs("dev", 64)]
HEADS = "model.decoder.block.cross.heads=2"  # CTranslate2 wants as many as self-attention has
LEARNT = ("train.steps=500", "train.every=500", "decode.stutter=0")
HOSTILE = [
    "", KOREAN[0], "   ", "\u200b", "😀👩‍👩‍👧‍👦", "x" * 10_000, KOREAN[1], "가. " * 300, "\t",
    "a\rb", "\x00", "하나\u2028둘", KOREAN[2] * 9,
]  # fmt: skip


MADE: list[Run] = []  # one for all files that need it


def trained(factory: pytest.TempPathFactory) -> Run:
    """A run that every kind can export; without the guard that half-learnt answers call for."""
    if not MADE:
        MADE.append(tiny(factory.mktemp("export") / "run", HEADS, *LEARNT))
    return MADE[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return trained(tmp_path_factory)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, run) -> tuple[Run, Report]:
    """A copy of the run with an export to CTranslate2 inside, and its report."""
    pytest.importorskip("ctranslate2")
    copy = Run(shutil.copytree(run.folder, tmp_path_factory.mktemp("exported") / "run"))
    return copy, regard.export(copy.folder, to="ctranslate2", precision="int8", sentences=120)


def rewritten(run: Run, to: Path, **report) -> Run:
    """A copy of an exported run whose report says something else."""
    copy = Run(shutil.copytree(run.folder, to))
    path = copy.folder / "exports" / "ctranslate2-int8" / "parity.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **report}))
    return copy


def chosen(run: Run, engine: str):
    return base.choose(engine, [run], translate.load([run]))


@pytest.fixture
def cli(capsys, monkeypatch):
    """Run one command line: (exit code, standard output, standard error)."""

    def call(*words: object, stdin: str = "") -> tuple[int, str, str]:
        given = Path(stdin_folder / "in")
        given.write_text(stdin, "utf-8")
        with given.open("rb") as file:
            monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": file})())
            capsys.readouterr()
            code = main([*map(str, words)])
        return code, *capsys.readouterr()

    import tempfile

    with tempfile.TemporaryDirectory() as name:
        stdin_folder = Path(name)
        yield call


# -- which recipes can have it ---------------------------------------------------------------------


def test_every_kind_of_the_folder_judges_every_shipped_recipe():
    files = {p.stem for p in Path(base.__file__).parent.glob("*.py") if p.stem[0] != "_"}
    assert set(base.kinds()) == files - {"base", "parity"} >= {"ctranslate2"}
    for name in shipped():
        recipe = load(name)
        found = base.exports(recipe)
        assert list(found) == list(base.kinds())
        for kind, refused in found.items():
            if refused is not None:  # one sentence: where, what, what instead
                assert refused.count("\n") == 0 and ": " in refused and len(refused) < 200, refused
                assert f"not {kind} ({refused})" in base.told(recipe)
    assert base.exports(load("translate/multi30k_deen"))["ctranslate2"] is None
    for name in ("rnnsearch", "luong", "fixed"):
        found = base.exports(load(f"translate/multi30k_deen_{name}"))
        assert "recurrent" in found["ctranslate2"] and "plain" in found["ctranslate2"]
    assert base.told(load("translate/multi30k_deen")).startswith("exports: ctranslate2")


def test_what_cannot_be_is_refused_before_any_work(run, tmp_path):
    out = tmp_path / "out"
    mt = regard.load(run, device="cpu")
    recipe = run.folder / "recipe.yaml"
    for how, said in (
        ({"to": "ctranslate"}, "'ctranslate2'"), ({"to": "base"}, "one of|did you mean"),
        ({"to": "ctranslate2", "precision": "int9"}, "int8"),
        ({"to": "ctranslate2", "sentences": 0}, "0"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=said):
            regard.export(mt, out, **how)
    odd = Run(shutil.copytree(run.folder, tmp_path / "odd"))
    odd_recipe = recipe.read_text().replace("place: pre", "place: sandwich")
    (odd.folder / "recipe.yaml").write_text(odd_recipe)
    with pytest.raises(UserError, match=r"model.encoder.block.place.*use pre or post"):
        base.export(
            type("Loaded", (), {"runs": [odd], "translator": mt.translator}), out, "ctranslate2"
        )
    both = regard.load(run, run, device="cpu")
    with pytest.raises(UserError, match="ensemble of 2"):
        regard.export(both, out, to="ctranslate2")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="no export: choose another --out"):
        regard.export(mt, tmp_path / "mine", to="ctranslate2")
    assert not out.exists() and (tmp_path / "mine" / "thesis.txt").exists()


def test_the_folder_is_a_verb_whoever_imports_it_first():
    code = (
        "import sys, regard\n"
        "verb = regard.export\n"
        "assert 'torch' not in sys.modules and callable(verb)\n"
        "import regard.export.parity\n"
        "assert regard.export is verb\n"
        "try: regard.export('no/such/run', to='ctranslate2')\n"
        "except regard.UserError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "no/such/run" in done.stdout, done.stderr


# -- the report ------------------------------------------------------------------------------------


def test_the_reports_figures_are_those_of_the_answers(exported):
    run, report = exported
    pairs = phrasebook.pairs("dev", 2000)
    rows = translate.spread(run.recipe.data.rows("dev").rows, 120)
    assert {row.source for row in rows} <= {pair.ko for pair in pairs}
    sources, references = [r.source for r in rows], [r.target for r in rows]
    own = regard.load(run, device="cpu").translate(sources)
    other = regard.load(run, device="cpu", engine="ctranslate2").translate(sources)
    tokens = [[[h.tokens for h in x.pieces] for x in side] for side in (own, other)]
    assert report.sentences == 120 and report.lines == "dev"
    assert report.same == sum(a == b for a, b in zip(*tokens, strict=True)) > 60
    apart = [abs(a.score - b.score) for a, b in zip(own, other, strict=True)]
    assert report.mean_difference == pytest.approx(sum(apart) / 120, abs=1e-4)
    assert report.largest_difference == pytest.approx(max(apart), abs=1e-3) and max(apart) > 0
    for side, found in ((report.own, own), (report.export, other)):
        texts = [x.text for x in found]
        assert side.bleu == pytest.approx(sacrebleu.corpus_bleu(texts, [references]).score)
        assert side.chrf == pytest.approx(sacrebleu.corpus_chrf(texts, [references]).score)
        assert side.speed > 0
    kept = json.loads((run.folder / "exports/ctranslate2-int8/parity.json").read_text())
    assert kept == json.loads(json.dumps(report.as_dict()))
    facts = kept["facts"]
    assert facts["decode"] == {"kind": "beam", "no_repeat": 0, "stutter": 0, "size": 3, "alpha": 1}
    assert facts["versions"]["ctranslate2"] and facts["hardware"] and facts["threads"] >= 1
    assert facts["weights"] == run.fingerprint() and facts["date"]
    assert report.answered > 70


def says(same: int, lost: float | None = None, sentences: int = 200, answered: int = 200) -> Report:
    own = Side(1.0, 40.0, 60.0) if lost is not None else Side(1.0)
    other = Side(2.0, 40.0 - lost, 60.0 - 2 * lost) if lost is not None else Side(2.0)
    return Report("k", "p", "dev", sentences, answered, same, 0.0, 0.0, own, other)


@pytest.mark.parametrize(
    ("report", "enough"),
    [
        (says(200), True), (says(198), True), (says(197), False), (says(197, 0.29), True),
        (says(197, 0.31), False), (says(150, -2.0), True), (says(99, 0.0), False),
        (says(90, 0.0, sentences=99), False), (says(90, 0.0, sentences=100), True),
        (says(99, 5.0, sentences=100), True), (says(200, 0.0, answered=0), False),
    ],
)  # fmt: skip
def test_exact_enough_is_what_the_rule_says(report: Report, enough: bool):
    assert report.exact_enough is enough
    assert report.sentence.startswith("exact enough" if enough else "not exact enough")
    assert report.as_dict()["exact_enough"] is enough


def test_chrf_alone_may_tell_that_nothing_is_lost():
    unlucky = replace(says(180), own=Side(1, 40.0, 60.0), export=Side(1, 39.0, 59.9))
    assert unlucky.exact_enough and not replace(unlucky, export=Side(1, 39.0, 59.0)).exact_enough


def test_sentences_come_from_a_file_or_the_dev_corpus(run, tmp_path):
    recipe, codec = run.recipe, translate.load([run]).codec
    file = tmp_path / "some.ko"
    file.write_text("하나\n\n \n둘\n셋\n", "utf-8")
    found = Sample(2, file).lines(recipe, codec)
    assert found == Lines("some.ko", [Row("하나", "", "ko-en"), Row("둘", "", "ko-en")])
    dev = Sample(7).lines(recipe, codec)
    assert len(dev.rows) == 7 and dev.name == "dev" and all(row.target for row in dev.rows)
    assert Sample(direction="ko-en").lines(recipe, codec).rows
    file.write_text("\n \n")
    for sample, said in (
        (Sample(2, file), "--source"), (Sample(2, tmp_path / "none"), "none"),
        (Sample(2, file, direction="en-ko"), "ko-en"), (Sample(2, direction="en-ko"), "--source"),
    ):  # fmt: skip
        with pytest.raises((UserError, OSError), match=said):
            sample.lines(recipe, codec)
    other = changed("data.corpus=moses", "data.dir=nowhere")
    with pytest.raises(UserError, match="nowhere.*--source"):
        Sample().lines(other, codec)


# -- which engine answers --------------------------------------------------------------------------


class Planted:
    """Answers every second row with nonsense of its own, and hands the others back."""

    name = "planted"

    def __init__(self):
        self.asked: list[int] = []

    def takes(self, decode, ask, prefixes) -> bool:
        return not any(prefixes)

    def decoded(self, sources, decode, ask, limits):
        self.asked.append(len(sources))
        assert limits.max_len == [2 * len(s) + 20 for s in sources] and limits.forbid
        said = Hypothesis([300], -7.0, [-3.0, -4.0], True, -7.0)
        return [[said] if i % 2 else None for i in range(len(sources))]


def test_rows_that_an_engine_hands_back_are_answered_by_our_own_search(run):
    mt = translate.load([run])
    own = mt.translate(KOREAN)
    mt.engine = Planted()
    mixed = mt.translate(KOREAN)
    assert mt.engine.asked == [len(KOREAN)]
    for i, (a, b) in enumerate(zip(own, mixed, strict=True)):
        assert b.pieces[0].tokens == ([300] if i % 2 else a.pieces[0].tokens)
        assert b.score == (-7.0 if i % 2 else pytest.approx(a.score, abs=1e-4))
    forced = mt.translate(KOREAN[:4], Wish(prefix=["I"] * 4))
    assert all(x.text.startswith("I") for x in forced) and len(mt.engine.asked) == 1
    assert mt.translate([]) == [] and mt.translate(["", " "])[1].text == ""


def test_a_report_counts_what_the_engine_did_itself(run):
    mt, rows = translate.load([run]), [Row(text, "", "ko-en") for text in KOREAN[:20]]
    report = parity.compare(mt, Planted(), Lines("some", rows), ("planted", "float32"), {"a": 1})
    assert (report.answered, report.same, report.sentences) == (10, 10, 20)
    assert report.own.bleu is None and report.facts["a"] == 1 and not report.exact_enough
    assert "no references" in report.sentence and mt.engine is None


def test_as_many_answers_as_lines_from_an_engine_too(exported):
    run, _ = exported
    mt = regard.load(run, device="cpu", engine="ctranslate2")
    own = regard.load(run, device="cpu")
    assert "by ctranslate2 int8" in repr(mt) and "by" not in repr(own).split(": ")[-1]
    for decode in (None, "greedy"):
        made, ours = mt(HOSTILE, decode=decode), own(HOSTILE, decode=decode)
        assert len(made) == len(HOSTILE) and not any("\n" in text for text in made)
        assert [not text for text in made] == [not text for text in ours]
    assert mt("", beam=2) == "" and isinstance(mt(KOREAN[0]), str)
    assert mt(KOREAN[0], decode={"kind": "sample", "seed": 3}) == own(
        KOREAN[0], decode={"kind": "sample", "seed": 3}
    )


def test_auto_takes_the_fastest_that_is_exact_enough_and_fresh(exported, tmp_path):
    run, report = exported
    good = {"exact_enough": True, "own": {"speed": 1.0}, "export": {"speed": 3.0}}
    fast = rewritten(run, tmp_path / "fast", **good)
    engine, notes = chosen(fast, "auto")
    assert engine.name == "ctranslate2 int8" and len(notes) == 1
    assert "ctranslate2 int8, 3.0 times as fast" in notes[0] and report.sentence in notes[0]
    second = fast.folder / "exports" / "ctranslate2-faster"
    shutil.copytree(fast.folder / "exports" / "ctranslate2-int8", second)
    told = json.loads((second / "parity.json").read_text())
    (second / "parity.json").write_text(json.dumps({**told, "export": {"speed": 9.0}}))
    assert "9.0 times" in chosen(fast, "auto").notes[0]
    assert "3.0 times" in chosen(fast, "ctranslate2-int8").notes[0]
    for n, other in enumerate(({"exact_enough": False}, {"export": {"speed": 0.9}})):
        worse = rewritten(run, tmp_path / f"worse{n}", **{**good, **other})
        assert chosen(worse, "auto") == (None, [])
        assert chosen(worse, "ctranslate2").engine.name == "ctranslate2 int8"
    assert chosen(fast, "own") == (None, [])
    (second / "parity.json").write_text("{")  # a damaged report makes it no export
    assert "3.0 times" in chosen(fast, "auto").notes[0]
    mt = translate.load([fast, fast])
    assert base.choose("auto", [fast, fast], mt) == (None, [])
    with pytest.raises(UserError, match="ensemble"):
        base.choose("ctranslate2", [fast, fast], mt)


def test_an_export_of_other_weights_is_stale_and_named(exported, tmp_path):
    from safetensors.torch import load_file, save_file

    good = {"exact_enough": True, "own": {"speed": 1.0}, "export": {"speed": 3.0}}
    run = rewritten(exported[0], tmp_path / "run", **good)
    weights = load_file(run.model)
    weights["bias"] = weights["bias"] + 0.5
    save_file(weights, run.model)
    engine, notes = chosen(run, "auto")
    assert engine is None and len(notes) == 1 and "other weights" in notes[0]
    again = f"regard export {run.folder} --to ctranslate2 --precision int8"
    assert str(run.folder / "exports/ctranslate2-int8") in notes[0] and again in notes[0]
    with pytest.raises(UserError, match="other weights"):
        chosen(run, "ctranslate2")


def test_an_engine_that_is_not_there_gives_the_command_that_makes_it(run):
    for wanted, said in (
        ("ctranslate2", f"regard export {run.folder} --to ctranslate2"),
        ("ctranslate2-int8", "--to ctranslate2 --precision int8"),
        ("ctranslate", "did you mean 'ctranslate2'"), ("atuo", "did you mean 'auto'"),
    ):  # fmt: skip
        with pytest.raises(UserError) as error:
            chosen(run, wanted)
        assert said in str(error.value)
    assert chosen(run, "auto") == (None, [])
    with pytest.raises(UserError, match="make it: regard export"):
        regard.load(run, device="cpu", engine="ctranslate2")


def test_an_engine_without_its_library_is_told_and_passed_over(exported, tmp_path, monkeypatch):
    good = {"exact_enough": True, "own": {"speed": 1.0}, "export": {"speed": 3.0}}
    run = rewritten(exported[0], tmp_path / "run", **good)
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    engine, notes = chosen(run, "auto")
    assert engine is None and "pip install 'regard[export]'" in notes[0]
    with pytest.raises(UserError, match="pip install"):
        chosen(run, "ctranslate2")


def test_an_export_replaces_the_one_before_and_nothing_is_left_over(exported, tmp_path):
    run, _ = exported
    out = tmp_path / "deep" / "out"
    for sentences in (3, 4):
        mt = regard.load(run, decode=greedy.Config(), device="cpu", engine="ctranslate2")
        report = regard.export(mt, out, to="ctranslate2", sentences=sentences)
        assert json.loads((out / "parity.json").read_text())["sentences"] == sentences
        assert report.facts["decode"]["kind"] == "greedy" and report.precision == "float32"
        assert mt.translator.engine is not None
    assert [x.name for x in out.parent.iterdir()] == ["out"]
    sampling = regard.load(run, decode="sample", device="cpu")
    report = regard.export(sampling, out, to="ctranslate2", sentences=3)
    assert report.answered == 0 and not report.exact_enough and "not do" in report.sentence


# -- the command line ------------------------------------------------------------------------------


def test_export_and_translate_from_the_command_line(run, tmp_path, cli):
    pytest.importorskip("ctranslate2")
    copy = shutil.copytree(run.folder, tmp_path / "run")
    text = "".join(f"{line}\n" for line in [KOREAN[0], "", KOREAN[1]])
    code, out, err = cli("translate", copy, "--engine", "ctranslate2", stdin=text)
    assert code == 2 and out == "" and err.count("\n") == 1
    assert f"regard export {copy} --to ctranslate2" in err
    own = cli("translate", copy, "--decode", "greedy", stdin=text)
    assert own[0] == 0 and own[2] == ""
    file = tmp_path / "some.ko"
    file.write_text("\n".join(KOREAN[:12]) + "\n", "utf-8")
    code, out, err = cli("export", copy, "--to", "ctranslate2", "--source", file)
    assert code == 0 and "sentences a second" in out and "writing" in err
    report = json.loads((copy / "exports/ctranslate2-float32/parity.json").read_text())
    assert f"{report['same']} of 12" in out and report["same"] > 6
    assert out.rstrip("\n").split("\n")[-1].startswith(f"{copy}/exports/ctranslate2-float32: ")
    words = ("export", copy, "--to", "ctranslate2", "--sentences", 110, "--json")
    code, out, _ = cli(*words, "--precision", "int8", "--out", tmp_path / "other")
    assert code == 0 and json.loads(out) == json.loads((tmp_path / "other/parity.json").read_text())
    words = ("translate", copy, "--decode", "greedy", "--engine", "ctranslate2")
    code, out, err = cli(*words, "--json", stdin=text)
    told = [json.loads(line) for line in out.split("\n")[:-1]]
    assert code == 0 and [x["text"] for x in told] == own[1].split("\n")[:-1]
    assert err.startswith("regard: engine: ctranslate2 float32, ") and err.count("\n") == 1
    for x in told:
        assert x["score"] == pytest.approx(sum(t["score"] for t in x["tokens"]), abs=1e-3)
    words = ("evaluate", copy, "--test", "dev", "--source", file, "--reference", file)
    found = json.loads(cli(*words, "--json", "--engine", "ctranslate2")[1])
    assert found["decode"]["engine"] == "ctranslate2 float32"
    code, out, _ = cli(*words, "--engine", "ctranslate2", "--record", tmp_path / "results")
    assert "engine=ctranslate2 float32" in out
    rows = (tmp_path / "results" / "translate.jsonl").read_text().splitlines()
    assert all(json.loads(row)["decode"]["engine"] == "ctranslate2 float32" for row in rows)
    assert "engine" not in json.loads(cli(*words, "--json")[1])["decode"]
    for words, said in (
        (("export", copy, "--to", "onnxx"), "'onnx'|one of"), (("export", copy), "--to"),
        (("export", "nowhere", "--to", "ctranslate2"), "nowhere"),
    ):  # fmt: skip
        code, _, err = cli(*words)
        assert code == 2 and err.count("\n") == 1 and any(x in err for x in said.split("|")), err


def test_recipes_and_train_tell_what_can_be_exported(tmp_path, cli):
    code, out, err = cli("recipes", "translate/multi30k_deen_fixed")
    assert code == 0 and out.startswith("#") and "exports:" not in out
    assert err.startswith("exports: ") and "not ctranslate2 (model.encoder: " in err
    told = json.loads(cli("recipes", "translate/multi30k_deen", "--json")[1])
    assert told["exports"]["ctranslate2"] is None
    words = ("train.steps=2", "train.batch_tokens=200", "dev_rows=2", "data.corpus.size=40")
    words = ("train", "translate/phrasebook_koen", *words, "data.tokenizer.vocab=400")
    code, _, err = cli(*words, "--out", tmp_path / "run")
    assert code == 0 and err.rstrip().split("\n")[-1].startswith("exports: ctranslate2")
