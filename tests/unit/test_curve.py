"""Learning curves: the statistics of a few seeds, cells that are kept, the gain of a start."""

import json

import pytest
import yaml
from judging_toys import settings, table
from test_cli import check_refused, regard  # noqa: F401 (a fixture)

from regard import recipe, results
from regard.bench import curve
from regard.evaluate.seeds import T95, difference, mean
from regard.look.curve import curve as drawn
from regard.look.figure import png
from regard.train.training import train

SMALL = ("train.steps=2", "train.every=2", "dev_rows=40")

# -- a few seeds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [3.0, 3.0], list(range(40))])
def test_an_interval_is_students(values):
    stats = pytest.importorskip("scipy.stats")
    found = mean(values)
    low, high = stats.t.interval(0.95, len(values) - 1, found.value, stats.sem(values) or 1e-12)
    near = 1e-3 if len(values) <= len(T95) + 1 else 0.02
    assert found.value == pytest.approx(sum(values) / len(values))
    assert (found.low, found.high) == (pytest.approx(low, rel=near), pytest.approx(high, rel=near))


def test_the_table_is_students():
    stats = pytest.importorskip("scipy.stats")
    assert [round(stats.t.ppf(0.975, n), 3) for n in range(1, 31)] == pytest.approx(T95, abs=1e-3)


def test_a_difference_goes_seed_by_seed():
    found = difference([70.0, 75.0, 80.0], [73.0, 78.0, 83.1])
    assert found.value == pytest.approx(3.03, abs=0.01) and found.low > 2.8
    assert mean([5.0]) == (5.0, None, None)
    for wrong in (lambda: mean([]), lambda: difference([1.0], [1.0, 2.0])):
        with pytest.raises(ValueError):
            wrong()


# -- cells ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A recipe file, and a run of the same encoder to start from."""
    folder = tmp_path_factory.mktemp("curve")
    made = settings(table(folder / "data"), *SMALL)
    (folder / "toy.yaml").write_text(yaml.safe_dump(made), "utf-8")
    longer = recipe.override(dict(made), ["train.steps=60", "train.every=60"])
    train(recipe.make(longer), folder / "before", device="cpu", quiet=True)
    return folder


def words(toy, *more):
    return ("curve", toy / "toy.yaml", f"start={toy / 'before'}", "--labels", "60,20", "--seeds",
            "2", "--out", toy / "cells", "--device", "cpu", *more)  # fmt: skip


def test_a_curve_is_trained_kept_drawn_and_recorded(regard, toy, monkeypatch):  # noqa: F811
    picture, kept = toy / "few.png", toy / "results"
    code, said, err = regard(*words(toy, "--json", "--plot", picture, "--record", kept))
    told = json.loads(said)
    assert code == 0 and picture.read_bytes()[:4] == b"\x89PNG"
    assert set(told["values"]) == {"from scratch", str(toy / "before")}
    assert list(told["values"]["from scratch"]) == ["20", "60"]
    assert all(len(x) == 2 for row in told["values"].values() for x in row.values())
    gain = told["differences"][str(toy / "before")]["20"]
    assert gain[0] > 10  # it has learnt what the words mean
    rows = results.rows(kept)
    assert len(rows) == 8 and {row["name"] for row in rows} == {
        f"curve/toy.{v}.{n}" for v in ("from_scratch", "before") for n in (20, 60)
    }  # fmt: skip
    one = next(row for row in rows if row["name"] == "curve/toy.before.20" and row["seeds"] == [2])
    assert one["train_rows"] == 20 and one["start"] == "before"
    assert one["value"] == pytest.approx(told["values"][str(toy / "before")]["20"][1], abs=1e-4)
    assert not list((toy / "cells" / "runs").iterdir())

    def never(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr(curve, "train", never)
    code, again, err = regard(*words(toy, "--json"))
    assert code == 0 and json.loads(again)["values"] == told["values"]
    assert err.count("measured before") == 8
    code, shown, _ = regard(*words(toy))
    assert code == 0 and "gain of before" in shown and " to " in shown


def test_a_cell_of_another_recipe_is_trained_anew(toy):
    asked = {"recipe": str(toy / "toy.yaml"), "labels": [20], "seeds": 1, "set": "test",
             "device": "cpu"}  # fmt: skip
    cell = curve.Cell(curve.PLAIN, 20, 1)
    seen = []
    for changes in ([], ["train.steps=1"], ["train.steps=1"]):
        made = curve.settings(cell, asked, changes)
        curve.kept(cell, made, asked, toy / "other", seen.append)
    assert [("before" in text) for text in seen] == [False, False, True]


def test_an_interrupted_cell_goes_on(toy, monkeypatch):
    asked = {"recipe": str(toy / "toy.yaml"), "labels": [20], "seeds": 1, "set": "test",
             "device": "cpu"}  # fmt: skip
    cell = curve.Cell(curve.PLAIN, 20, 1)
    made = curve.settings(cell, asked, ["train.steps=6"])
    whole = curve.kept(cell, made, asked, toy / "whole", str)
    train(made, toy / "cut" / "runs" / cell.stem, device="cpu", quiet=True, until=4)
    began, begun = curve.train, []

    def watched(recipe, out, **how):
        begun.append(sorted(p.name for p in (out / "checkpoints").iterdir()))
        return began(recipe, out, **how)

    monkeypatch.setattr(curve, "train", watched)
    cut = curve.kept(cell, made, asked, toy / "cut", str)
    assert begun[0] and cut["answers"] == whole["answers"]


def test_bad_input_is_a_sentence(regard, toy):  # noqa: F811
    check_refused(regard(*words(toy, "--plot", "x.pdf")), ".png")
    check_refused(regard("curve", toy / "toy.yaml", "--labels", "many"), "many")
    check_refused(regard("curve", "pretrain/ko_reviews", "data.dir=x"), "mlm")
    check_refused(
        regard("curve", toy / "toy.yaml", f"start={toy}/before", "start=x/before"), "name"
    )


def test_names_beside_the_lines_do_not_touch():
    rows = {n: mean([70.0, 70.0 + n / 1e4]) for n in (100, 1000)}
    figure = drawn({"a": rows, "b": rows, "한국어": rows}, "accuracy")
    assert png(figure)[:4] == b"\x89PNG"
    texts = [t for t in figure.axes[0].texts if t.get_text() in ("a", "b") or len(t.get_text()) > 2]
    places = sorted(t.get_position()[1] for t in texts)
    assert len(places) == 3 and all(b - a > 0.04 for a, b in zip(places, places[1:], strict=False))
