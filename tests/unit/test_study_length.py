"""The first study: what it joins, what it counts once, what it concludes, and that it resumes."""

import json

import pytest

import regard
from regard.studies import _length_page, length
from regard.studies.length import SIZES, WINDOW, Finding, join, mixed, once

PAIRS = [(f"de{i} a b c", f"en{i} x y z") for i in range(300)]  # BLEU wants four words
BINS = [join(PAIRS, size) for size in SIZES]
TINY = (
    "train.steps=4", "train.every=4", "train.batch_tokens=400", "train.average=1", "dev_rows=2",
    "data.tokenizer.vocab=300", "model.dim=16", "model.encoder.width=8", "model.decoder.width=16",
)  # fmt: skip


def test_rows_are_joined_in_order_on_both_sides():
    assert join(PAIRS[:5], 2) == [
        ("de0 a b c de1 a b c", "en0 x y z en1 x y z"),
        ("de2 a b c de3 a b c", "en2 x y z en3 x y z"),
    ]
    assert join(PAIRS, 1) == PAIRS
    assert join(PAIRS[:2], 3) == []


@pytest.mark.parametrize("size", SIZES)
def test_every_bin_holds_every_pair_once(size):
    rows = BINS[size - 1]
    assert len(rows) == len(PAIRS) // size
    assert " ".join(de for de, _ in rows).split() == " ".join(de for de, _ in PAIRS).split()
    for de, en in rows:  # both sides hold the same pairs, in the same order
        assert [w[2:] for w in de.split()[::4]] == [w[2:] for w in en.split()[::4]]
        assert len(de.split()) == 4 * size


def test_training_sees_every_pair_in_rows_of_each_size():
    rows = mixed(PAIRS)
    for size in SIZES:
        mine = [de for de, _ in rows if len(de.split()) == 4 * size]
        words = [word for de in mine for word in de.split()[::4]]
        assert sorted(words) == sorted(de.split()[0] for de, _ in PAIRS)
        assert words != [de.split()[0] for de, _ in PAIRS]
    assert mixed(PAIRS) == rows


def test_over_all_no_sentence_counts_twice_and_every_size_takes_part():
    words = [w for de, _ in once(BINS) for w in de.split()[::4]]
    assert len(words) == len(set(words)) == len(PAIRS)
    assert {len(de.split()) // 4 for de, _ in once(BINS)} == set(SIZES)
    assert all(WINDOW % size == 0 for size in SIZES)
    numbered = [[(k, i) for i in range(len(rows))] for k, rows in enumerate(BINS)]
    assert [BINS[k][i] for k, i in once(numbered)] == once(BINS)  # outputs keep to references


@pytest.mark.parametrize(
    ("finding", "better", "steadier", "lead"),
    [
        (Finding(6.0, 0.001, 12.0, 3.0), True, True, "The claim holds"),
        (Finding(6.0, 0.001, 5.0, -1.0), True, True, "The claim holds"),
        (Finding(4.0, 0.009, 6.0, 3.0), True, True, "The claim holds"),
        (Finding(3.9, 0.001, 12.0, 3.0), False, True, "Half"),
        (Finding(6.0, 0.01, 12.0, 3.0), False, True, "Half"),
        (Finding(6.0, 0.001, 5.9, 3.0), True, False, "Half"),
        (Finding(6.0, 0.001, -2.0, -3.0), True, False, "Half"),
        (Finding(-6.0, 0.001, 2.0, 9.0), False, False, "The claim does not hold"),
    ],
)
def test_the_verdict_follows_from_the_figures(finding, better, steadier, lead):
    assert (finding.better, finding.steadier) == (better, steadier)
    assert finding.sentence.startswith(lead)
    assert finding.sentence.count("yes") == better + steadier


def reference() -> list[list[str]]:
    return [[en for _, en in rows] for rows in BINS]


def spoilt(share: int) -> list[list[str]]:
    """Answers right at first, and wrong from the `share`-th sentence on."""
    return [
        [" ".join(w if i // 4 < share else "?" for i, w in enumerate(en.split())) for en in rows]
        for rows in reference()
    ]


@pytest.fixture(scope="module")
def report() -> dict:
    return length.compare({"fixed": [spoilt(1)], "attention": [reference()]}, BINS)


def test_made_up_outputs_are_compared_both_ways(report):
    good, bad = reference(), spoilt(1)
    assert report["holds"] and report["loss_fixed"] > 50 and report["loss_attention"] == 0
    assert report["overall"]["difference"] == pytest.approx(report["gain"])
    assert [b["joined"] for b in report["bins"]] == list(SIZES)
    assert [b["rows"] for b in report["bins"]] == [300, 150, 100, 75, 60]
    for b, refs, outs in zip(report["bins"], reference(), bad, strict=True):
        assert b["fixed"]["bleu"] == pytest.approx(regard.bleu(outs, refs).value)
        assert b["fixed"]["low"] <= b["fixed"]["bleu"] <= b["fixed"]["high"] + 1e-9
        assert b["attention"]["bleu"] == pytest.approx(100)
        assert b["words"] == 4 * b["joined"]
    turned = length.compare({"fixed": [good], "attention": [bad]}, BINS)
    assert not turned["holds"] and turned["gain"] == pytest.approx(-report["gain"])
    assert turned["verdict"].startswith("The claim does not hold")


def test_several_seeds_are_averaged(report):
    two = length.compare(
        {"fixed": [spoilt(1), spoilt(1)], "attention": [reference(), spoilt(1)]}, BINS
    )
    middle = (report["bins"][4]["fixed"]["bleu"] + 100) / 2
    assert two["bins"][4]["attention"]["bleu"] == pytest.approx(middle)
    assert two["gain"] == pytest.approx(report["gain"] / 2)


def multi30k(folder, pairs=PAIRS):
    folder.mkdir(parents=True)
    for split, rows in (("train", pairs), ("val", pairs[:60]), ("test_2016_flickr", pairs[:300])):
        for side, language in enumerate(("de", "en")):
            text = "".join(row[side] + "\n" for row in rows)
            (folder / f"{split}.{language}").write_text(text, "utf-8")
    return folder


def test_the_study_runs_resumes_and_leaves_its_evidence(tmp_path, monkeypatch):
    pairs = [(f"ein {i % 7} hund da", f"there is a {i % 7} dog") for i in range(60)]
    multi30k(tmp_path / "data" / "multi30k", pairs)
    out = tmp_path / "out"
    report = length.run(out, tmp_path / "data", changes=TINY)
    assert json.loads((out / "report.json").read_text("utf-8")) == report
    text = (out / "report.md").read_text("utf-8")
    assert report["verdict"] in text and "| 5 | 20.0 | 12 |" in text
    assert (out / "length.png").read_bytes().startswith(b"\x89PNG")
    for model in length.MODELS:
        assert report["models"][model]["steps"] == 4
        lines = (out / f"{model}-1" / "test_3.out").read_text("utf-8").split("\n")
        assert len(lines) == 20 + 1
    sizes = [report["models"][model]["parameters"] for model in length.MODELS]
    assert 1 < sizes[1] / sizes[0] < 1.5

    def never(*_, **__):
        raise AssertionError("made again")

    monkeypatch.setattr(regard, "load", never)
    assert length.run(out, tmp_path / "data" / "multi30k", changes=TINY) == report
    other = multi30k(tmp_path / "other")
    with pytest.raises(regard.UserError, match="another corpus"):
        length.run(out, other, changes=TINY)


def test_a_missing_corpus_is_named(tmp_path):
    with pytest.raises(regard.UserError, match="--data"):
        length.run(tmp_path, None)
    with pytest.raises(regard.UserError, match="train.de"):
        length.run(tmp_path, tmp_path)
    folder = multi30k(tmp_path / "x")
    (folder / "val.en").write_text("one\n", "utf-8")
    with pytest.raises(regard.UserError, match="60 and 1 lines"):
        length.pairs(folder, "val")


def test_the_picture_shows_both_curves_and_how_many_rows(report):
    (axes,) = _length_page.figure(report).axes
    assert len(axes.lines) == 2 and len(axes.collections) == 2
    assert [label.get_text().split("\n")[-1] for label in axes.get_xticklabels()] == [
        f"n = {len(rows)}" for rows in BINS
    ]
