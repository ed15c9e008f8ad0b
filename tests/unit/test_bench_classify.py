"""TF-IDF and a linear classifier on a recipe's rows: what scikit-learn gives for the same."""

import json

import pytest
import yaml
from judging_toys import ratings, settings, table
from test_cli import check_refused, regard  # noqa: F401 (a fixture)

from regard import recipe, results
from regard.bench import linear

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linear")
    made = settings(table(folder / "data"))
    (folder / "toy.yaml").write_text(yaml.safe_dump(made), "utf-8")
    return folder


def test_it_is_chosen_on_dev_and_answers_the_test_set(toy):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    made = recipe.load(toy / "toy.yaml")
    how = {"features": ["words", "letters"], "losses": ["hinge"], "penalties": [0.01, 1.0]}
    found = linear.run(made, "test", how, str)
    best = max(found.tried, key=lambda one: one["dev_accuracy"])
    assert len(found.tried) == 4 and found.chosen["features"] == best["features"]
    assert found.judged.probabilities is None and found.judged.right.mean() > 0.7
    one = linear.run(made, "test", {**how, "features": ["words"], "penalties": [1.0]}, str)
    counted = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    train, test = made.data.rows("train"), made.data.rows("test")
    x = counted.fit_transform([row.texts[0] for row in train])
    plain = LinearSVC(C=1.0, random_state=0).fit(x, [row.label for row in train])
    answers = plain.predict(counted.transform([row.texts[0] for row in test]))
    same = [a == b for a, b in zip(one.judged.answers, answers, strict=True)]
    assert sum(same) >= 0.98 * len(same)  # single precision against double


def test_the_verb_records_and_is_compared_with_a_run(regard, toy, tmp_path):  # noqa: F811
    out, kept = tmp_path / "tfidf.out", tmp_path / "results"
    words = ("bench", "classify", toy / "toy.yaml", "--penalties", "1,3", "--losses", "logistic")
    code, said, err = regard(*words, "-o", out, "--record", kept, "--json")
    told = json.loads(said)
    assert code == 0 and "dev accuracy" in err and told["chosen"]["loss"] == "logistic"
    row = next(row for row in results.rows(kept) if row["metric"].startswith("accuracy"))
    assert row["name"] == "classify/tfidf_toy" and row["seeds"] == [] and row["parameters"] > 10
    assert row["value"] == pytest.approx(told["scores"]["accuracy"]["value"], abs=1e-3)
    run = ratings(tmp_path / "run")
    code, said, _ = regard("compare", out, run.folder, "--dir", toy / "data", "--json")
    verdict = json.loads(said)
    assert code == 0 and verdict["verdict"]["a"] == pytest.approx(row["value"], abs=1e-3)
    assert verdict["mcnemar"]["p"] <= 1


def test_bad_input_is_a_sentence(regard, toy):  # noqa: F811
    file = toy / "toy.yaml"
    check_refused(regard("bench", "classify", file, "--features", "leters"), "'letters'")
    check_refused(regard("bench", "classify", file, "--losses", "square"), "square")
    check_refused(regard("bench", "classify", file, "--penalties", "0"), "above 0")
    check_refused(regard("bench", "classify", file, "--penalties", "many"), "0.1,1,10")
    check_refused(regard("bench", "classify", file, "readout=number"), "label")
    check_refused(regard("bench", "classify", "pretrain/ko_reviews"), "label")


def test_without_scikit_learn_it_says_what_to_install(toy, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    how = {"features": ["words"], "losses": ["hinge"], "penalties": [1.0]}
    with pytest.raises(recipe.UserError, match=r"regard\[baseline\]"):
        linear.run(recipe.load(toy / "toy.yaml"), "test", how, str)
