"""One number that makes a classifier as sure as it is right, and the confidence to ask for."""

import json

import numpy as np
import pytest
from judging_toys import ratings
from test_cli import check_refused, regard  # noqa: F401 (a fixture)

from regard import load
from regard.evaluate.calibration import expected_error
from regard.evaluate.temperature import fitted, loss, scaled, threshold, thresholds
from regard.recipe import UserError
from regard.run import Run
from regard.tasks import scaling

GRID = np.exp(np.linspace(np.log(0.1), np.log(10), 4001))


def rows(seed: int, n: int = 400, labels: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels drawn with them."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((n, labels))
    said = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return said, np.array([rng.choice(labels, p=p) for p in said])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sure", [0.4, 1.0, 3.0])
def test_it_is_the_least_loss_of_a_grid(seed, sure):
    said, true = rows(seed)
    said = said**sure / (said**sure).sum(1, keepdims=True)
    found = fitted(said, true)
    losses = [loss(scaled(said, t), true) for t in GRID]
    assert found == pytest.approx(GRID[np.argmin(losses)], rel=2e-3)
    assert loss(scaled(said, found), true) <= min(losses) + 1e-12


def test_it_takes_back_what_made_one_too_sure():
    said, true = rows(1, n=20_000)
    over = scaled(said, 1 / 3)  # three times the logits
    assert fitted(said, true) == pytest.approx(1, abs=0.05)
    assert fitted(over, true) == pytest.approx(3, abs=0.15)
    right = over.argmax(1) == true
    mended = scaled(over, fitted(over, true))
    assert (mended.argmax(1) == over.argmax(1)).all()
    assert expected_error(over.max(1), right) > 0.15
    assert expected_error(mended.max(1), right) < 0.02


def test_it_is_softmax_of_logits_over_the_temperature():
    logits = np.random.default_rng(2).standard_normal((50, 5))
    said = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    cool = np.exp(logits / 2.5)
    assert scaled(said, 2.5) == pytest.approx(cool / cool.sum(1, keepdims=True))
    assert scaled(said, 1.0) == pytest.approx(said)


def test_it_stays_finite_where_nothing_is_said_or_all_is_right():
    said = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    for true in ([0, 1, 0], [1, 1, 0]):
        found = fitted(said, np.array(true))
        assert 0.01 < found < 100 and np.isfinite(scaled(said, found)).all()
    with pytest.raises(ValueError, match="one for each"):
        fitted(said, np.array([0]))


@pytest.mark.parametrize("seed", range(6))
def test_a_threshold_is_the_lowest_that_does(seed):
    rng = np.random.default_rng(seed)
    said = rng.integers(50, 100, 200) / 100  # with many equals
    right = rng.random(200) < said
    for wanted in (0.7, 0.8, 0.9, 0.99):
        good = [p for p in sorted({*said}) if right[said >= p].mean() >= wanted]
        found = threshold(said, right, wanted)
        if not good:
            assert found is None
            continue
        assert found.least == good[0]
        assert found.accuracy == pytest.approx(right[said >= good[0]].mean())
        assert found.coverage == pytest.approx((said >= good[0]).mean())
    asked = [one.wanted for one in thresholds(said, right, [0.1, 0.8])]
    assert 0.1 not in asked  # all are answered as it is


# -- the verb -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A run that is far too sure: trained until it knows its rows by heart."""
    changes = ["data.most=90", "train.steps=70", "model.dim=32"]
    return ratings(tmp_path_factory.mktemp("sure") / "run", *changes)


def test_a_run_learns_how_sure_to_be(regard, run, tmp_path):  # noqa: F811
    texts = [row.texts for row in run.recipe.data.rows("test")]
    before = load(run, device="cpu").classify(texts)
    picture = tmp_path / "sure.png"
    code, said, _ = regard("calibrate", run.folder, "--json", "-o", picture, "--device", "cpu")
    told = json.loads(said)
    assert code == 0 and picture.read_bytes()[:4] == b"\x89PNG"
    assert told["temperature"] > 1.2 and told["tested"]["after"]["cases"] == 300
    assert told["tested"]["after"]["ece"] < told["tested"]["before"]["ece"]
    assert told["tested"]["after"]["true"] == told["tested"]["before"]["true"]
    after = load(run, device="cpu").classify(texts)
    assert [x.label for x in after] == [x.label for x in before]
    want = scaled(np.array([list(x.probabilities.values()) for x in before]), told["temperature"])
    assert np.array([list(x.probabilities.values()) for x in after]) == pytest.approx(
        want, abs=1e-5
    )
    code, again, _ = regard("calibrate", run.folder, "--json", "--device", "cpu")
    assert json.loads(again)["temperature"] == pytest.approx(told["temperature"])  # not on top
    code, shown, _ = regard("calibrate", run.folder, "--set", "dev", "--device", "cpu")
    assert code == 0 and "as it was" in shown and "scaled" in shown


def test_a_scale_of_steps_keeps_its_answers(regard, tmp_path):  # noqa: F811
    run = ratings(tmp_path / "run", "readout=ordinal", "data.most=200")
    texts = [row.texts for row in run.recipe.data.rows("test")]
    before = load(run, device="cpu").classify(texts)
    code, said, _ = regard("calibrate", run.folder, "--json", "--device", "cpu")
    assert code == 0 and abs(json.loads(said)["temperature"] - 1) > 0.01
    after = load(run, device="cpu").classify(texts)
    assert [x.label for x in after] == [x.label for x in before]
    assert all(sum(x.probabilities.values()) == pytest.approx(1) for x in after)
    assert any(abs(x.confidence - y.confidence) > 1e-3 for x, y in zip(before, after, strict=True))


def test_who_is_not_sure_abstains(regard, run, tmp_path):  # noqa: F811
    texts = [row.texts[0] for row in run.recipe.data.rows("test")][:60]
    lines = "".join(f"{text}\n" for text in [*texts, "", "정말 it 배우"]).encode()
    _, plain, _ = regard("classify", run.folder, "--json", stdin=lines)
    told = [json.loads(line) for line in plain.splitlines()]
    least = sorted(x["confidence"] for x in told if x["confidence"])[20]
    words = ["classify", run.folder, "--min-confidence", f"{least - 1e-7:.9f}"]
    code, some, _ = regard(*words, stdin=lines)
    kept = some.split("\n")[:-1]
    assert code == 0 and len(kept) == 62 and kept[60] == ""
    sure = [x["label"] if (x["confidence"] or 0) >= least - 1e-6 else "" for x in told]
    assert kept == sure and 20 <= kept.count("") <= 22
    _, some, _ = regard(*words, "--json", stdin=lines)
    abstained = [json.loads(line).get("abstained", False) for line in some.splitlines()]
    assert sum(abstained) == kept.count("") - 1  # a blank line was not asked


def test_what_was_learnt_for_other_weights_is_not_used(run, tmp_path):
    learnt = json.loads(run.confidence.read_text("utf-8"))
    old = run.confidence.read_text("utf-8")
    try:
        run.confidence.write_text(json.dumps({**learnt, "weights": "other"}), "utf-8")
        assert scaling.read(run) is None and load(run, device="cpu").temperature == 1
        newer, cold = {**learnt, "format": 9}, {**learnt, "temperature": -1}
        for broken, said in ((json.dumps(newer), "9"), (json.dumps(cold), "temperature"),
                             ("{", "delete it")):  # fmt: skip
            run.confidence.write_text(broken, "utf-8")
            with pytest.raises(UserError, match=said):
                load(run, device="cpu")
    finally:
        run.confidence.write_text(old, "utf-8")


def test_bad_input_is_a_sentence(regard, run, tmp_path):  # noqa: F811
    check_refused(regard("calibrate", run.folder, "-o", "x.jpg"), ".png")
    check_refused(regard("calibrate", run.folder, "--set", "dev", "-o", "x.png"), "dev")
    small = tmp_path / "small"
    small.mkdir()
    rows = (run.folder.parent / "run_data" / "dev.tsv").read_text("utf-8").splitlines()[:50]
    (small / "dev.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    check_refused(regard("calibrate", run.folder, "--dir", small), "49 dev rows", "100")
