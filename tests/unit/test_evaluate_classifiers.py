"""Answers that are labels or numbers: figures as others compute them, and the verbs that tell."""

import json
import math
import random

import numpy as np
import pytest
from judging_toys import ratings
from test_cli import check_refused, put, regard  # noqa: F401 (a fixture)

from regard import load, results
from regard.evaluate import answers, classes
from regard.evaluate.answers import Accuracy, Correlation, MacroF1, MeanError, compared, measures
from regard.recipe import UserError
from regard.run import Run
from regard.tasks.judging import Judged

LABELS = ["1", "2", "3", "4"]


def drawn(seed: int, n: int = 200) -> tuple[list[str], list[str]]:
    """Answers and references that are often alike."""
    rng = random.Random(seed)
    right = [rng.choice(LABELS[:3]) for _ in range(n)]
    return [x if rng.random() < 0.6 else rng.choice(LABELS) for x in right], right


# -- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_they_are_what_scikit_learn_and_scipy_say(seed):
    metrics, stats = pytest.importorskip("sklearn.metrics"), pytest.importorskip("scipy.stats")
    said, right = drawn(seed)
    x, y = np.array(said, float), np.array(right, float)
    f1 = metrics.f1_score(right, said, average="macro", labels=sorted({*right}))
    want = {
        "accuracy": 100 * metrics.accuracy_score(right, said), "macro_f1": 100 * f1,
        "mean_error": metrics.mean_absolute_error(y, x),
        "pearson": stats.pearsonr(x, y)[0], "spearman": stats.spearmanr(x, y)[0],
    }  # fmt: skip
    for name, measure in measures(LABELS, values=False).items():
        assert measure.score(said, right).value == pytest.approx(want[name]), name
    table = metrics.confusion_matrix(right, said, labels=LABELS)
    assert (classes.confusion(said, right, LABELS) == table).all()


@pytest.mark.parametrize(
    "measure", [Accuracy(), MacroF1(LABELS), MeanError(), Correlation(False), Correlation(True)],
    ids=lambda m: m.name,
)  # fmt: skip
def test_the_statistics_of_rows_add_up_to_the_score(measure):
    said, right = drawn(7)
    table = measure.statistics(said, right)
    assert measure.value(table.sum(0)) == pytest.approx(measure.score(said, right).value)
    if not getattr(measure, "ranked", False):  # ranks are those among all rows
        some = table[:50].sum(0)
        assert measure.value(some) == pytest.approx(measure.score(said[:50], right[:50]).value)


def test_a_constant_answer_has_no_correlation_and_an_unknown_one_is_wrong():
    right = ["1", "2", "3"]
    for ranked in (False, True):
        same = Correlation(ranked).statistics(["2", "2", "2"], right).sum(0)
        assert Correlation(ranked).value(same) == 0
    odd = MacroF1(LABELS[:3])
    table = odd.statistics(["1", "?", "3"], right)
    assert odd.value(table.sum(0)) == pytest.approx(odd.score(["1", "?", "3"], right).value)


def test_which_figures_are_told():
    assert set(measures(LABELS, False)) == set(answers.NAMES)
    assert set(measures(["bad", "good"], False)) == set(measures(["0", "1"], False))
    assert set(measures(["bad", "good"], False)) == {"accuracy", "macro_f1"}
    assert set(measures([], True)) == {"mean_error", "pearson", "spearman"}


def test_the_test_of_mcnemar_is_scipys():
    stats = pytest.importorskip("scipy.stats")
    for seed in range(5):
        (a, right), (b, _) = drawn(seed), drawn(seed + 50)
        found = compared(a, b, right, Accuracy(), ("a", "b"), resamples=200)
        one = sum(x == r != y for x, y, r in zip(a, b, right, strict=True))
        other = sum(y == r != x for x, y, r in zip(a, b, right, strict=True))
        exact = found.mcnemar
        assert (exact.only_a, exact.only_b) == (one, other)
        want = stats.binomtest(one, one + other, 0.5).pvalue
        assert exact.p == found.verdict.p == pytest.approx(want)


def test_a_verdict_is_a_sentence_with_mcnemars_p():
    right = ["a", "b"] * 200
    worse = [r if i % 4 else "?" for i, r in enumerate(right)]
    found = compared(worse, right, right, Accuracy(), ("old", "new"), resamples=500)
    assert found.verdict.sentence.startswith("new is better by 25.0 accuracy (95 % interval 2")
    assert found.verdict.sentence.endswith("McNemar p < 0.001).")
    low, high = found.verdict.ci
    assert 18 < low < 25 < high < 32
    alike = compared(right, right, right, Accuracy(), ("old", "new"), resamples=200)
    assert alike.verdict.sentence.startswith("No evidence of a difference")
    assert alike.mcnemar.p == alike.verdict.p == 1
    seeds = compared([worse, worse], [right, right], right, Accuracy(), ("a", "b"), 200)
    assert seeds.mcnemar is None and seeds.verdict.difference == pytest.approx(25)
    assert compared(worse, right, right, MacroF1(["a", "b"]), ("a", "b"), 200).mcnemar is None


# -- the verbs ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return ratings(tmp_path_factory.mktemp("judged") / "run")


def references(run: Run) -> list[str]:
    return [row.label for row in run.recipe.data.rows("test")]


def test_a_run_is_evaluated(regard, run, tmp_path):  # noqa: F811
    out = tmp_path / "out"
    code, said, _ = regard("evaluate", run.folder, "--json", "-o", out, "--device", "cpu")
    told, right = json.loads(said), references(run)
    assert code == 0 and told["lines"] == len(right) == 300
    labels, p = zip(
        *(line.split("\t") for line in out.read_text("utf-8").splitlines()), strict=True
    )
    share = np.mean([a == b for a, b in zip(labels, right, strict=True)])
    assert told["scores"]["accuracy"]["value"] == pytest.approx(100 * share) and share > 0.7
    assert {"macro_f1", "mean_error", "pearson", "ece", "brier"} <= set(told["scores"])
    table = np.array(told["confusion"]["answers_by_reference"])
    assert np.trace(table) == share * 300 and table.sum() == 300
    judge = load(run, device="cpu")
    found = judge.classify([row.texts for row in run.recipe.data.rows("test")])
    assert [x.label for x in found] == list(labels)
    assert [f"{x.confidence:.6f}" for x in found] == list(p)


def test_it_is_shown_and_other_data_are_taken(regard, run, tmp_path):  # noqa: F811
    code, said, _ = regard("evaluate", run.folder, "--set", "dev", "--device", "cpu")
    assert code == 0 and "dev: 200 rows" in said and "right, then answered" in said
    (tmp_path / "test.tsv").write_text("review\tstars\n멋진 film\tgood\nawful\tbad\n", "utf-8")
    changes = ["data.text=[review]", "data.label=stars", "data.labels={good: '3', bad: '1'}"]
    for where in (["--dir", tmp_path], [f"data.dir={tmp_path}"]):
        code, said, _ = regard("evaluate", run.folder, *changes, *where, "--json")
        assert code == 0 and json.loads(said)["scores"]["accuracy"]["value"] == 100


def test_evidence_is_kept(regard, run, tmp_path):  # noqa: F811
    kept = tmp_path / "results"
    code, _, err = regard("evaluate", run.folder, "--record", kept, "--name", "classify/toy")
    assert code == 0 and "recorded as classify/toy" in err
    rows = results.rows(kept)
    names = {row["metric"].partition("|")[0]: row for row in rows}
    assert {"accuracy", "macro-F1", "mean absolute error", "ECE"} <= set(names)
    row = names["accuracy"]
    assert row["task"] == "classify" and row["seeds"] == [1] and row["lines"] == 300
    lines = results.lines(kept / row["output"])
    labels = [line.split("\t")[0] for line in lines]
    assert row["value"] == pytest.approx(classes.accuracy(labels, references(run)), abs=1e-4)


def test_two_systems_are_compared(regard, run, tmp_path):  # noqa: F811
    right = references(run)
    put(tmp_path / "guess", [f"{'123'[i % 3]}\t0.4" for i in range(len(right))])
    code, said, _ = regard("compare", run.folder, tmp_path / "guess", "--json")
    told = json.loads(said)
    assert code == 0 and told["verdict"]["metric"] == "accuracy" and told["lines"] == 300
    assert told["mcnemar"]["only_a"] > told["mcnemar"]["only_b"] and told["verdict"]["p"] < 1e-6
    assert told["verdict"]["sentence"].startswith("run is better by")
    put(tmp_path / "right", right)
    words = [tmp_path / "right", tmp_path / "guess", "--reference", tmp_path / "right"]
    code, said, _ = regard("compare", *words, "--metric", "macro_f1")
    assert code == 0 and "right is better by" in said and "macro-F1" in said
    code, said, _ = regard("compare", run.folder, run.folder, "--metric", "mean_error")
    assert code == 0 and "No evidence of a difference" in said


def test_a_number_is_judged_by_how_near_it_comes(regard, tmp_path):  # noqa: F811
    run = ratings(tmp_path / "run", "readout=number", "train.steps=30")
    code, said, _ = regard("evaluate", run.folder, "--json", "--device", "cpu")
    told = json.loads(said)
    assert code == 0 and set(told["scores"]) == {"mean_error", "pearson", "spearman"}
    assert told["scores"]["pearson"]["value"] > 0.5 and "confusion" not in told
    check_refused(regard("calibrate", run.folder), "no probabilities")
    check_refused(regard("classify", run.folder, "--min-confidence", "0.5"), "numbers")


def test_bad_input_is_a_sentence(regard, run, tmp_path):  # noqa: F811
    check_refused(regard("evaluate", run.folder, "--beam", "4"), "--beam", "translators")
    check_refused(regard("evaluate", run.folder, run.folder), "tested alone")
    check_refused(regard("evaluate", run.folder, "train.steps=3"), "only data.…")
    check_refused(regard("evaluate", run.folder, "data.labels={'1': x, '2': y}"), "'x'", "training")
    check_refused(regard("compare", run.folder, run.folder, "--metric", "bleu"), "'bleu'")
    put(tmp_path / "short", ["1", "2"])
    check_refused(regard("compare", run.folder, tmp_path / "short"), "300", "2 lines")
    words = [tmp_path / "short", tmp_path / "short", "--metric", "accuracy"]
    check_refused(regard("compare", *words), "--reference")


def test_what_is_judged_says_how_sure_it_is():
    said = np.array([[0.2, 0.8], [0.7, 0.3]])
    made = Judged(["b", "a"], ["b", "b"], ["a", "b"], said)
    assert made.lines == ["b\t0.800000", "a\t0.700000"]
    assert made.right.tolist() == [True, False] and made.true.tolist() == [1, 1]
    ece = next(s for s in answers.believed(made.said, made.right) if s.name == "ECE")
    assert ece.value == pytest.approx((0.2 + 0.7) / 2) and math.isfinite(ece.value)
    other = Judged(["a", "a"], ["b", "b"], ["a", "b"], said)  # not the likeliest: a rule's
    assert other.lines == ["a\t0.200000", "a\t0.700000"]
    assert made.at(0.5).said == pytest.approx([0.64 / 0.68, 0.49 / 0.58])
    with pytest.raises(UserError, match="'c'"):
        _ = Judged(["a"], ["c"], ["a", "b"], said[:1]).true
