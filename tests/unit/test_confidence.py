"""How sure one can be of an answer: learnt from dev answers, kept in the run, told with each."""

import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from test_cli import check_refused, put, regard  # noqa: F401 (a fixture)
from tiny import tiny

from regard import load, results
from regard.data import phrasebook
from regard.data.corpus.base import Row
from regard.evaluate.calibration import figures, reliability
from regard.evaluate.scores import sentence_chrf
from regard.look import reliability as diagram
from regard.look.figure import png
from regard.recipe import UserError
from regard.run import Run
from regard.search.base import Hypothesis
from regard.tasks import calibrating, confidence, translate
from regard.tasks.growing import growing
from regard.tasks.translator import Translation

LINES = ["민수는 책을 읽었다.", "", "저는 학생입니다.", " \t ", "오늘은 날씨가 좋다. " * 60]
SIZES = {"dev": 260, "test": 60}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tiny_run) -> Path:
    """Parallel files whose references are nearly what the run answers or, the less sure it is the
    more often, not: chrF of 100, about 71, about 55, about 0.
    """
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(1)
    used = translate.load([tiny_run])
    for split, count in SIZES.items():
        sources = [pair.ko for pair in phrasebook.pairs(split, count)]
        answers = used.translate(sources)
        sure = np.array([x.score / (len(x.pieces[0].tokens) + 1) for x in answers])
        good = rng.random(count) < 1 / (1 + np.exp(-8 * (sure - np.median(sure))))
        more = ["", " {half}", " {text}", None]
        chosen = [more[2 * (not kept) + i % 2] for i, kept in enumerate(good)]
        put(folder / f"{split}.ko", sources)
        put(
            folder / f"{split}.en",
            [referred(x.text, m) for x, m in zip(answers, chosen, strict=True)],
        )
    return folder


def referred(text: str, more: str | None) -> str:
    """The text with more behind it; something else altogether for None."""
    return "Zzz zz!" if more is None else text + more.format(text=text, half=text[: len(text) // 2])


@pytest.fixture
def run(tmp_path, tiny_run, corpus) -> Run:
    """A run with that corpus, free to be changed."""
    made = Run(shutil.copytree(tiny_run.folder, tmp_path / "run"))
    recipe = made.folder / "recipe.yaml"
    settings = yaml.safe_load(recipe.read_text("utf-8"))
    settings["data"] |= {"corpus": {"kind": "moses"}, "dir": str(corpus)}
    recipe.write_text(yaml.safe_dump(settings), "utf-8")
    return made


def invented(run: Run, direction: str = "ko-en") -> confidence.Confidence:
    """Something to be told, learnt of nothing: surer the higher the score."""
    numbers = [{"mean": 0.1, "scale": 2.0, "weight": w} for w in (3.0, -0.2, 0.5, 0.7)]
    fit = {"bias": 1.5, "features": dict(zip(confidence.FEATURES, numbers, strict=True)),
           "rows": 9, "good": 0.5, "held_out": {}}  # fmt: skip
    return confidence.Confidence(weights=run.fingerprint(), directions={direction: fit})


def save(run: Run, made: confidence.Confidence, **changes) -> None:
    run.confidence.write_text(json.dumps({**made.model_dump(mode="json"), **changes}), "utf-8")


# -- telling it ------------------------------------------------------------------------------------


def test_every_answer_is_told_how_probable_it_is_to_be_good(run):
    save(run, invented(run))
    used = translate.load([run])
    rows = used.n_best(LINES, translate.Wish(best=2))
    assert [len(row) for row in rows] == [2, 1, 2, 1, 1] and len(rows[4][0].pieces) > 1
    for line, row in zip(LINES, rows, strict=True):
        for answer in row:
            if not line.strip():
                assert answer.confidence == 1
                continue
            tokens = sum(len(piece.token_scores) for piece in answer.pieces)
            said, given = len(answer.text) + 1, len(line) + 1
            numbers = (answer.score / tokens, math.log(given), math.log(said / given),
                       math.log(tokens / said))  # fmt: skip
            weighed = zip(numbers, (3.0, -0.2, 0.5, 0.7), strict=True)
            z = 1.5 + sum((number - 0.1) / 2 * weight for number, weight in weighed)
            assert answer.confidence == pytest.approx(1 / (1 + math.exp(-z)))
            assert 0 < answer.confidence < 1


def test_it_is_the_same_alone_in_a_batch_and_among_several(run):
    save(run, invented(run))
    used = translate.load([run])
    whole = [answer.confidence for answer in used.translate(LINES)]
    alone = [used.translate([line])[0].confidence for line in LINES]
    several = [row[0].confidence for row in used.n_best(LINES, translate.Wish(best=2))]
    assert whole == pytest.approx(alone, abs=1e-4)
    assert whole == pytest.approx(several, abs=1e-4)


def test_an_answer_that_grew_is_told_too(run):
    save(run, invented(run))
    used = translate.load([run])
    for line, want in zip(LINES, used.translate(LINES), strict=True):
        grown = growing(used, line, None, lambda text: None)
        assert grown.confidence == pytest.approx(want.confidence, abs=1e-4)


def test_a_run_without_it_says_nothing(run):
    used = translate.load([run])
    assert used.confidence is None
    assert {answer.confidence for answer in used.translate(LINES)} == {None}


def test_it_is_of_one_run_and_of_its_very_weights(run, tmp_path):
    save(run, invented(run))
    assert translate.load([run]).confidence == invented(run)
    assert translate.load([run, run]).confidence is None
    other = tiny(tmp_path / "other", "seed=2", "train.steps=1", "train.every=1")
    shutil.copy(run.confidence, other.confidence)
    assert translate.load([other]).confidence is None


def test_nothing_is_said_of_a_direction_nothing_was_learnt_of(run):
    made = invented(run, direction="en-ko")
    used = translate.load([run])
    used.confidence = made
    assert used.translate(LINES[:1])[0].confidence is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1"),
        ("[]", "valid dictionary"),
        ('{"format": 2}', "format: 2 is not known"),
        ('{"directions": {}}', "format: None"),
        ('{"format": 1, "weights": "x"}', "directions"),
        ('{"format": 1, "weights": "x", "directions": {"ko-en": {}}}', "bias"),
        ('{"format": 1, "weights": "x", "directions": {}, "colour": 1}', "no such setting"),
        ("bias: NaN", "bias"),
        ("bias: 1e999", "bias"),
        ('bias: "high"', "bias"),
        ("scale: 0.0", "scale"),
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(run, text, said):
    whole = json.dumps(invented(run).model_dump(mode="json"))
    for key in ("bias", "scale"):  # of an otherwise good file
        if text.startswith(f"{key}: "):
            value = text.removeprefix(f"{key}: ")
            text = re.sub(rf'"{key}": [\d.]+', f'"{key}": {value}', whole, count=1)
    run.confidence.write_text(text, "utf-8")
    with pytest.raises(UserError) as refused:
        translate.load([run])
    assert "confidence.json" in str(refused.value) and said in str(refused.value)
    assert "regard calibrate" in str(refused.value) and "\n" not in str(refused.value)


def test_a_feature_that_is_not_known_is_refused(run):
    text = json.dumps(invented(run).model_dump(mode="json"))
    run.confidence.write_text(text.replace(confidence.FEATURES[1], "phase of the moon"), "utf-8")
    with pytest.raises(UserError, match="nothing is known as 'phase of the moon'"):
        translate.load([run])


# -- learning it -----------------------------------------------------------------------------------


def drawn(n: int, seed: int) -> tuple[calibrating.Answered, np.ndarray]:
    """Answers of any length and score, good as chance has it: surer ones more often."""
    rng = np.random.default_rng(seed)
    rows, answers, chances = [], [], []
    for _ in range(n):
        tokens, mean = int(rng.integers(3, 30)), -rng.gamma(2, 0.3)
        piece = Hypothesis([7] * (tokens - 1), mean * tokens, [mean] * tokens, True, 0.0)
        rows.append(Row("x" * int(rng.integers(5, 90)), "y", "ko-en"))
        answers.append(Translation("z" * int(rng.integers(5, 90)), piece.score, [piece]))
        chances.append(1 / (1 + math.exp(-(2 + 4 * mean))))
    good = rng.random(n) < np.array(chances)
    return calibrating.Answered("ko-en", rows, answers, good), np.array(chances)


def test_what_is_learnt_is_how_often_it_comes_true(run):
    used = translate.load([run])
    learnt = calibrating.learn(used, run, [drawn(5000, 1)[0]])
    fresh, chances = drawn(5000, 2)
    found = calibrating.believed(learnt, fresh)
    assert np.abs(found.said - chances).mean() < 0.02
    assert found.figures.ece < 0.03 and found.figures.brier < found.figures.constant
    assert found.bins == reliability(found.said, fresh.good)
    held = learnt.directions["ko-en"].held_out
    assert held["brier"] == pytest.approx(found.figures.brier, abs=0.01)
    assert held["auroc"] == pytest.approx(found.figures.auroc, abs=0.02)


def test_each_direction_learns_from_its_own_rows(run):
    used, (one, _) = translate.load([run]), drawn(400, 1)
    other = one._replace(direction="en-ko", good=~one.good)
    used.confidence = calibrating.learn(used, run, [one, other])
    row = [Translation("An answer.", -2.0, one.answers[0].pieces)]
    used.confidence.rate(["Zeile"], [row], "ko-en")
    there = row[0].confidence
    used.confidence.rate(["Zeile"], [row], "en-ko")
    assert there == pytest.approx(1 - row[0].confidence, abs=1e-6) and abs(there - 0.5) > 0.05


@pytest.mark.parametrize(
    ("n", "good", "said"),
    [(199, 100, "199 dev rows"), (300, 0, "0 of 300"), (300, 300, "300 of 300"), (300, 19, "19")],
)
def test_too_little_to_learn_from_is_refused(run, n, good, said):
    one = drawn(n, 1)[0]._replace(good=np.arange(n) < good)
    with pytest.raises(UserError, match=f"ko-en: {said}"):
        calibrating.learn(translate.load([run]), run, [one])
    assert not run.confidence.exists()


# -- drawing it ------------------------------------------------------------------------------------


def test_the_diagram_shows_the_bins():
    said = np.array([0.05, 0.05, 0.4, 0.5, 0.99])
    bins = reliability(said, np.array([0, 1, 0, 0, 1]))
    square, counts = diagram.reliability(bins, "a $title$").axes
    dots = next(line for line in square.lines if line.get_marker() == "o").get_xydata()
    np.testing.assert_allclose(dots, [(0.05, 0.5), (0.4, 0.0), (0.5, 0.0), (0.99, 1.0)])
    assert [bar.get_height() for bar in counts.patches] == [2, 1, 1, 1]
    assert png(diagram.reliability([], "none")).startswith(b"\x89PNG")


# -- the verb --------------------------------------------------------------------------------------


def references(corpus: Path, split: str) -> list[str]:
    return (corpus / f"{split}.en").read_text("utf-8").splitlines()


def test_the_verb_learns_tests_draws_and_keeps(regard, run, corpus, tmp_path):  # noqa: F811
    picture, kept = tmp_path / "x.png", tmp_path / "kept"
    call = ("calibrate", run.folder, "-o", picture, "--record", kept, "--json")
    code, out, err = regard(*call)
    assert code == 0, err
    told = json.loads(out)
    assert picture.read_bytes().startswith(b"\x89PNG")
    learnt = json.loads(run.confidence.read_text("utf-8"))
    assert learnt["directions"]["ko-en"]["held_out"] == told["held_out"]["ko-en"]

    # what is kept can be found again from what is kept
    lines = results.lines(kept / "outputs" / "confidence" / "run.test.txt")
    said, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    pairs = zip(texts, references(corpus, "test"), strict=True)
    good = np.array([sentence_chrf(text, ref) >= 60 for text, ref in pairs])
    found = figures(np.array(said, float), good)
    shown = told["tested"]["ko-en"]
    rows = {row["metric"].partition("|")[0]: row["value"] for row in results.rows(kept)}
    assert shown["cases"] == SIZES["test"] and shown["true"] == good.mean()
    names = {"ECE": "ece", "Brier": "brier", "Brier of the best constant": "constant",
             "AUROC": "auroc"}  # fmt: skip
    assert set(rows) == set(names)
    for name, key in names.items():
        assert shown[key] == pytest.approx(getattr(found, key))
        assert rows[name] == pytest.approx(shown[key], abs=1e-4)

    # and is what the run says from then on
    source = (corpus / "test.ko").read_text("utf-8").splitlines()
    answers = load(run, device="cpu").translate(source)
    assert [x.text for x in answers] == list(texts)
    assert [x.confidence for x in answers] == pytest.approx(list(map(float, said)), abs=1e-4)
    once = run.confidence.read_bytes()
    assert regard(*call)[0] == 0 and run.confidence.read_bytes() == once


def test_the_verb_tests_on_other_data_and_on_none(regard, run, tmp_path):  # noqa: F811
    rows = [f"{pair.ko}\t{pair.en}" for pair in phrasebook.pairs("test", 12)]
    put(tmp_path / "odd.tsv", ["ko\ten", *rows])
    other = (f"data.dir={tmp_path}", "data.corpus={kind: tsv, test: odd}")
    code, out, err = regard("calibrate", run.folder, *other, "--json")
    assert code == 0, err
    assert json.loads(out)["tested"]["ko-en"]["cases"] == 12
    assert json.loads(out)["held_out"]["ko-en"]["cases"] == SIZES["dev"]
    code, out, _ = regard("calibrate", run.folder, "--set", "dev")
    assert code == 0 and "rows left out" in out and "test" not in out


def test_json_lines_tell_it(regard, run):  # noqa: F811
    save(run, invented(run))
    code, out, _ = regard("translate", run.folder, "--json", stdin="저는 학생입니다.\n".encode())
    assert code == 0
    want = load(run, device="cpu").translate(["저는 학생입니다."])[0].confidence
    assert json.loads(out)["confidence"] == pytest.approx(want)


def test_what_cannot_be_is_refused(regard, run, corpus, tmp_path):  # noqa: F811
    check_refused(regard("calibrate", run.folder, run.folder), "ensemble")
    check_refused(regard("calibrate", run.folder, "decode.size=1"), "only data")
    check_refused(regard("calibrate", run.folder, "-o", tmp_path / "x.jpg"), ".png")
    check_refused(regard("calibrate", run.folder, "--set", "nothing"), "nothing")
    check_refused(regard("calibrate", run.folder, "--set", "dev", "-o", "x.png"), "learnt from")
    few = shutil.copytree(corpus, tmp_path / "few")
    for side in ("ko", "en"):
        text = (corpus / f"dev.{side}").read_text("utf-8").splitlines()[:30]
        put(few / f"dev.{side}", text)
    check_refused(regard("calibrate", run.folder, "--dir", few), "30 dev rows")
    assert not run.confidence.exists() and not list(run.folder.glob(".*"))
