"""Every figure in results/ is whole, its output is there, and sacreBLEU itself finds it again."""

import importlib.util
import json
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER

from regard import results
from regard.data.corpus.base import read
from regard.evaluate.answers import believed as told_believed
from regard.evaluate.answers import measures
from regard.evaluate.calibration import figures
from regard.evaluate.scores import Score, bleu, chrf, exact_match, ter
from regard.recipe import Part, UserError, make
from regard.studies import length

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
ROWS = results.rows(RESULTS) if RESULTS.is_dir() else []
SCORED = [row for row in ROWS if row["output"] is not None]


def name_of(row: dict) -> str:
    return f"{row['name']} {row['set']} {results.short(row['metric'])} {row['seeds']}"


@pytest.fixture
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "tools" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- what is in the repository --------------------------------------------------------------------


def faults(row: dict[str, Any], folder: Path) -> list[str]:
    """What is wrong with a row by itself."""
    scored = row["output"] is not None
    output = folder / (row["output"] or "")
    low, high = row.get("spread", (row["value"], row["value"]))
    told = [
        ("value", isinstance(row["value"], float) and (not scored or -1e4 < row["value"] < 1e4)),
        ("spread", scored != ("spread" in row) and low <= row["value"] <= high),
        ("metric", re.fullmatch(r"[^|]+\|\w+:[^|]+(\|\w+:[^|]+)*", row["metric"])),
        ("commit", re.fullmatch(r"[0-9a-f]{7,40}\+?", row["commit"])),
        ("date", re.fullmatch(r"20\d\d-\d\d-\d\d", row["date"])),
        ("seeds", all(isinstance(seed, int) for seed in row["seeds"])),
        ("wall_s", row["wall_s"] > 0),
        ("hardware", len(row["hardware"]) > 3),
        ("command", re.match(r"(regard|python|make|torchrun) ", row["command"])),
        ("output", not scored or output.is_file() and output.stat().st_size <= results.LARGEST),
    ]
    return [key for key, good in told if not good]


def test_every_row_is_whole():
    found = {name_of(row): wrong for row in ROWS if (wrong := faults(row, RESULTS))}
    assert not found


def test_no_figure_is_there_twice():
    keys = [results.key(row) for row in ROWS]
    assert len(keys) == len(set(keys))


def test_every_output_belongs_to_a_row():
    kept = {p.relative_to(RESULTS).as_posix() for p in (RESULTS / "outputs").rglob("*.txt")}
    assert kept == {row["output"] for row in SCORED}


def test_tables_are_not_stale(tables):
    marked = [p for p in [*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")]
              if tables.REGION.search(p.read_text("utf-8"))]  # fmt: skip
    if not marked:
        pytest.skip("no document has a table yet")
    stale = [str(path.relative_to(ROOT)) for path, _ in tables.stale(ROOT)]
    assert not stale, f"{stale}: run python tools/tables.py"


# -- scores again, from output and references, by sacreBLEU ---------------------------------------


def answers(row: dict[str, Any], folder: Path) -> list[str]:
    """The output; where it is numbers of training rows (a translation memory's), their targets."""
    outputs = results.lines(folder / row["output"])
    if "answers" not in row:
        return outputs
    where = row["data"].replace("$DATA", os.environ.get("DATA", "$DATA"))
    corpus = Part("data.corpus").pick(row["corpus"])
    train = read(corpus, where, "train", row["directions"], drop_empty=True).rows
    return ["" if int(i) < 0 else train[int(i)].target for i in outputs]


def references(row: dict[str, Any]) -> list[str] | None:
    """Those of the row's set; None where the data is not at hand."""
    where = row.get("data")
    if where is not None:
        where = where.replace("$DATA", os.environ.get("DATA", "$DATA"))
        if not Path(where).is_dir():
            return None
    if row["name"].startswith("study/length"):
        test = length.pairs(where, length.SPLITS["test"])
        return [en for _, en in length.once([length.join(test, size) for size in length.SIZES])]
    if "rows" in row:
        data = {"dir": where, "corpus": row["corpus"], **row["rows"]}
        made: Any = make({"task": row["task"], "data": data})
        return [one.label for one in made.data.rows(row["set"])]
    if "corpus" not in row or "directions" not in row:
        return None
    corpus = Part("data.corpus").pick(row["corpus"])
    return [r.target for r in read(corpus, where, row["set"], row["directions"]).rows]


def again(metric: str, outputs: list[str], refs: list[str]) -> float | None:
    """The score by sacreBLEU from what the signature says; None for a metric of our own."""
    name, _, signature = metric.partition("|")
    said = dict(part.partition(":")[::2] for part in signature.split("|"))
    lower = said.get("case") == "lc"
    if name in LABELLED or said.get("good") == "the right label":
        return labelled(name, outputs, refs)
    if name in BELIEVED:
        return believed(name, outputs, refs)
    if name == "BLEU":
        tok = re.match(r"(ko|ja)-mecab|[\w-]+", said["tok"])
        assert tok
        scorer: Any = BLEU(lowercase=lower, tokenize=tok[0], smooth_method=said["smooth"])
    elif name.startswith("chrF2"):
        scorer = CHRF(int(said["nc"]), int(said["nw"]), lowercase=lower)
    elif name == "TER":
        scorer = TER(case_sensitive=not lower)
    else:
        return None
    return scorer.corpus_score(outputs, [refs]).score


BELIEVED = ("ECE", "Brier", "Brier of the best constant", "AUROC")


LABELLED = ("accuracy", "macro-F1", "mean absolute error", "Pearson", "Spearman")


def labelled(name: str, outputs: list[str], refs: list[str]) -> float:
    """Of labels and numbers: each line is one, and maybe a tab and how probable it is."""
    answers, _, said = zip(*(line.partition("\t") for line in outputs), strict=True)
    right = np.array([a == b for a, b in zip(answers, refs, strict=True)])
    if name in BELIEVED:
        return probable(name, np.array(said, float), right)
    if name == "accuracy":
        return float(100 * right.mean())
    if name == "macro-F1":
        each = []
        for label in {*refs}:
            answered, there = np.array(answers) == label, np.array(refs) == label
            each.append(2 * (answered & there).sum() / (answered.sum() + there.sum()))
        return float(100 * np.mean(each))
    x, y = np.array(answers, float), np.array(refs, float)
    if name == "mean absolute error":
        return float(np.abs(x - y).mean())
    if name == "Spearman":  # how many are less, and half of the equals
        x, y = ((np.searchsorted(np.sort(z), z) + np.searchsorted(np.sort(z), z, "right")) / 2
                for z in (x, y))  # fmt: skip
    return float(np.corrcoef(x, y)[0, 1])


def believed(name: str, outputs: list[str], refs: list[str]) -> float:
    """How far a confidence can be believed: each line is one, a tab, and the answer meant."""
    said, texts = zip(*(line.split("\t", 1) for line in outputs), strict=True)
    pairs = zip(texts, refs, strict=True)
    good = np.array([CHRF().sentence_score(text, [ref]).score >= 60 for text, ref in pairs])
    return probable(name, np.array(said, float), good)


def probable(name: str, p: np.ndarray, good: np.ndarray) -> float:
    """How far probabilities can be believed."""
    if name == "AUROC":  # of all pairs of a good one and another
        more = p[good][:, None] - p[~good][None]
        return float(((more > 0) + (more == 0) / 2).mean())
    if name == "ECE":
        place = np.clip(np.floor(p * 15), 0, 14)
        gaps = [abs((p - good)[place == i].sum()) for i in range(15)]
        return float(sum(gaps) / len(p))
    told = good.mean() if "constant" in name else p
    return float(((told - good) ** 2).mean())


def wrong(row: dict[str, Any], folder: Path, refs: list[str]) -> str | None:
    """What a second look at output and references finds wrong with a figure."""
    outputs = answers(row, folder)
    if len(outputs) != len(refs):
        return f"{len(outputs)} lines of output, but the set has {len(refs)}"
    value = again(row["metric"], outputs, refs)
    small = (*BELIEVED, *LABELLED[2:])
    near = 1e-4 if row["metric"].partition("|")[0] in small else 0.01  # shares, or percent
    if value is not None and abs(value - row["value"]) > near:
        return f"is {row['value']}, but the output scores {value:.4f}"
    return None


@pytest.mark.data
@pytest.mark.parametrize("row", SCORED, ids=name_of)
def test_a_figure_is_what_its_output_scores(row):
    refs = references(row)
    if refs is None:
        pytest.skip("DATA names no folder with this corpus")
    try:
        found = wrong(row, RESULTS, refs)
    except (RuntimeError, ImportError) as error:
        pytest.skip(f"its tokenizer is not installed: {error}")
    assert found is None, found


# -- keeping a figure -----------------------------------------------------------------------------

REFS = ["A dog runs through the snow.", "Two men.", "A girl\u2028reads\x0c a book.", "He sleeps."]
HYPS = ["A dog runs in the snow.", "", "a girl\u2028reads\r a book.", "he is sleeping ."]
FACTS = {"set": "test", "command": "regard evaluate runs/x", "seeds": [1], "wall_s": 2.5}


def keep(folder: Path, score: Score, outputs=HYPS, name="translate/x", **facts) -> None:
    results.record(folder, name, score, outputs, {**FACTS, **facts})


@pytest.mark.parametrize(
    "score",
    [bleu(HYPS, REFS), bleu(HYPS, REFS, lowercase=True), chrf(HYPS, REFS), ter(HYPS, REFS),
     chrf(HYPS, REFS, word_order=2), bleu(HYPS, REFS, tokenize="char")],
    ids=lambda score: results.short(f"{score.name}|{score.signature}"),
)  # fmt: skip
def test_a_kept_figure_comes_back_and_is_found_again(tmp_path, score):
    keep(tmp_path, score, parameters=5_500_000)
    (row,) = results.rows(tmp_path)
    assert row["value"] == pytest.approx(score.value, abs=1e-4)
    assert row["metric"] == f"{score.name}|{score.signature}"
    assert row["parameters"] == 5_500_000 and row["seeds"] == [1]
    assert row["output"] == "outputs/translate/x.test.txt"
    assert results.lines(tmp_path / row["output"]) == HYPS
    assert wrong(row, tmp_path, REFS) is None
    assert wrong({**row, "value": row["value"] + 0.02}, tmp_path, REFS)
    assert wrong(row, tmp_path, [*REFS, "One more."])
    text = (tmp_path / row["output"]).read_bytes()
    (tmp_path / row["output"]).write_bytes(text.replace(b"dog", b"cat"))
    assert wrong(row, tmp_path, REFS)


def test_how_far_a_confidence_can_be_believed_is_found_again(tmp_path):
    said = np.array([0.91, 0.02, 0.6, 0.6])
    found = figures(said, np.array([False, False, True, False]))  # chrF 55, 0, 92, 35
    lines = [f"{p:.6f}\t{text}" for p, text in zip(said, HYPS, strict=True)]
    for name, value in zip(BELIEVED, (found.ece, found.brier, found.constant, found.auroc),
                           strict=True):  # fmt: skip
        keep(tmp_path, Score(name, value, "good:chrF2 of 60 or more"), lines, "confidence/x")
    rows = results.rows(tmp_path)
    assert len(rows) == 4 and not any(faults(row, tmp_path) for row in rows)
    for row in rows:
        assert wrong(row, tmp_path, REFS) is None
        assert wrong({**row, "value": row["value"] + 0.001}, tmp_path, REFS)


def test_figures_of_labels_are_found_again(tmp_path):
    """From the table they were answered for, as the row says how it is read."""
    answers, right = ["1", "3", "3", "2", "1", "2"], ["1", "2", "3", "3", "1", "1"]
    p = np.array([0.9, 0.4, 0.62, 0.7, 0.7, 0.5])
    rows = [f"text\t{label}\tx" for label in [*right[:2], "9", *right[2:]]]
    (tmp_path / "test.tsv").write_text("\n".join(["review\tstars\tid", *rows]) + "\n", "utf-8")
    data = {"dir": str(tmp_path), "corpus": "tsv", "text": ["review"], "label": "stars",
            "labels": {label: label for label in "123"}}  # fmt: skip
    facts = results.of_data(make({"task": "classify", "data": data}))
    lines = [f"{a}\t{x:.6f}" for a, x in zip(answers, p, strict=True)]
    correct = np.array([a == b for a, b in zip(answers, right, strict=True)])
    found = [m.score(answers, right) for m in measures(["1", "2", "3"], False).values()]
    for score in [*found, *told_believed(p, correct)]:
        keep(tmp_path / "results", score, lines, "classify/x", **{**facts, "data": str(tmp_path)})
    kept = results.rows(tmp_path / "results")
    assert len(kept) == 8 and not any(faults(row, tmp_path / "results") for row in kept)
    for row in kept:
        assert references(row) == right
        assert wrong(row, tmp_path / "results", right) is None
        assert wrong({**row, "value": row["value"] + 0.02}, tmp_path / "results", right)


@pytest.mark.parametrize(
    ("key", "value"),
    [("value", 1e9), ("metric", "BLEU"), ("commit", ""), ("date", "today"), ("wall_s", 0),
     ("seeds", ["1"]), ("hardware", ""), ("command", "/opt/bin/regard x"), ("output", "outputs/y")],
)  # fmt: skip
def test_a_planted_fault_in_a_row_is_caught(tmp_path, key, value):
    keep(tmp_path, chrf(HYPS, REFS), commit="0123456789ab")
    (row,) = results.rows(tmp_path)
    assert faults(row, tmp_path) == []
    assert faults({**row, key: value}, tmp_path) == [key]


def test_the_same_figure_is_replaced_and_others_stay(tmp_path):
    first = bleu(HYPS, REFS)
    keep(tmp_path, first)
    keep(tmp_path, chrf(HYPS, REFS))
    keep(tmp_path, first, set="other")
    keep(tmp_path, first, seeds=[2])
    keep(tmp_path, first, name="translate/y")
    keep(tmp_path, first, name="study/y")
    assert len(results.rows(tmp_path)) == 6
    newer = Score(first.name, first.value, re.sub("version:.*", "version:9", first.signature))
    keep(tmp_path, newer, wall_s=9.0)
    found = results.rows(tmp_path / "translate.jsonl")
    assert len(found) == 5 and sum(row["wall_s"] == 9.0 for row in found) == 1
    assert len({row["output"] for row in found}) == 4  # BLEU and chrF of the same lines share one


def test_figures_of_an_older_output_go_with_it(tmp_path):
    keep(tmp_path, bleu(HYPS, REFS))
    keep(tmp_path, chrf(HYPS, REFS))
    keep(tmp_path, bleu(REFS, REFS), REFS)
    (row,) = results.rows(tmp_path)
    assert row["value"] == pytest.approx(100)
    assert wrong(row, tmp_path, REFS) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [({"command": ""}, "no command"), ({"seeds": None}, "no seeds"), ({"name": "x"}, "GROUP"),
     ({"name": "translate/../x"}, "GROUP"), ({"outputs": ["a\nb"]}, "line feed"),
     ({"outputs": []}, "bytes"), ({"outputs": ["x" * 1_000_001]}, "bytes")],
)  # fmt: skip
def test_a_figure_without_evidence_is_refused(tmp_path, change, said):
    with pytest.raises(UserError, match=said):
        keep(tmp_path, bleu(HYPS, REFS), **change)
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_named(tmp_path):
    keep(tmp_path, bleu(HYPS, REFS))
    path = tmp_path / "translate.jsonl"
    path.write_text(path.read_text("utf-8") + json.dumps({"name": "x"}) + "\n", "utf-8")
    with pytest.raises(UserError, match="translate.jsonl, line 2"):
        results.rows(tmp_path)


def test_exact_match_is_told_apart_by_its_name(tmp_path):
    keep(tmp_path, exact_match(REFS, REFS), REFS)
    keep(tmp_path, bleu(REFS, REFS), REFS)
    assert sorted(results.short(row["metric"]) for row in results.rows(tmp_path)) == [
        "BLEU 13a", "exact match",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "folder", "shown"),
    [
        ("regard train r data.dir=/a/corpora/m30k --out runs/x", "/a/corpora/m30k",
         "regard train r data.dir=$DATA/m30k --out runs/x"),
        ("/opt/v/bin/regard evaluate runs/x --dir '/a/corpora/m30k'", "/a/corpora/m30k/",
         "regard evaluate runs/x --dir '$DATA/m30k'"),
        ("regard x /a/corpora/m30k2 /b/a/corpora/m30k", "/a/corpora/m30k",
         "regard x /a/corpora/m30k2 /b/a/corpora/m30k"),
        ("regard x data.dir=$DATA/m30k", "$DATA/m30k", "regard x data.dir=$DATA/m30k"),
        ("regard x data.dir=hf:me/m30k", "hf:me/m30k", "regard x data.dir=hf:me/m30k"),
        ("regard x", None, "regard x"),
    ],
)  # fmt: skip
def test_commands_hide_where_data_lies(monkeypatch, command, folder, shown):
    monkeypatch.delenv("DATA", raising=False)
    assert results.hide(command, folder) == shown


def test_data_beneath_the_named_folder_keeps_its_place(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA", "/a/corpora")
    assert results.hide("regard x d=/a/corpora/s/m", "/a/corpora/s/m") == "regard x d=$DATA/s/m"
    assert results.hide("regard x d=/b/m", "/b/m") == "regard x d=$DATA/m"
    monkeypatch.chdir(tmp_path)
    assert results.hide(f"python {tmp_path}/b/x.py", None) == "python b/x.py"


# -- figures without an output: speeds, times, sizes ----------------------------------------------

SPEED = "target tokens/s|size:tiny|threads:2"


def speed(folder: Path, spread=(2900.0, 3000.0, 31000.5), name="bench/train.tiny/x", **facts):
    results.measured(folder, name, facts.pop("metric", SPEED), spread, {**FACTS, **facts})


def test_a_measured_figure_is_kept_with_its_spread(tmp_path):
    speed(tmp_path, ratio=[1.5, 2.0, 2.5], commit="0123456789ab")
    (row,) = results.rows(tmp_path)
    assert (row["value"], row["spread"], row["ratio"]) == (3000.0, [2900.0, 31000.5], [1.5, 2, 2.5])
    assert row["metric"] == SPEED and row["output"] is None
    assert faults(row, tmp_path) == [] and faults({**row, "value": 1.0}, tmp_path) == ["spread"]
    assert faults({k: v for k, v in row.items() if k != "spread"}, tmp_path) == ["spread"]
    assert not (tmp_path / "outputs").exists()


def test_a_measured_figure_is_replaced_and_others_stay(tmp_path):
    speed(tmp_path)
    speed(tmp_path, metric=SPEED.replace("2", "1"))
    keep(tmp_path, bleu(HYPS, REFS), name="bench/x")
    speed(tmp_path, (1.0, 2.0, 3.0))
    keep(tmp_path, bleu(REFS, REFS), REFS, name="bench/x")  # another output: its old scores go
    values = sorted(row["value"] for row in results.rows(tmp_path))
    assert values == [2.0, pytest.approx(100), 3000.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"metric": "tokens/s"}, "metric"), ({"command": ""}, "no command"), ({"name": "x"}, "GROUP")],
)
def test_a_measured_figure_without_evidence_is_refused(tmp_path, change, said):
    with pytest.raises(UserError, match=said):
        speed(tmp_path, **change)
    assert not list(tmp_path.iterdir())


# -- tables ---------------------------------------------------------------------------------------


def test_tables_are_filled_checked_and_found_stale(tmp_path, tables, capsys):
    page = tmp_path / "README.md"
    empty = "<!-- table: study -->\n<!-- end -->\n"
    before = f"# X\n\n<!-- table: translate -->\n<!-- end -->\n\nrest\n{empty}"
    page.write_text(before, "utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "plain.md").write_text("nothing here\n", "utf-8")
    assert tables.main(["--check"], tmp_path) == 0  # nothing measured, nothing to show
    facts = {"parameters": 5_500_000, "train_s": 1830, "command": "a | b"}
    keep(tmp_path / "results", bleu(HYPS, REFS), **facts)
    keep(tmp_path / "results", bleu(HYPS, REFS, lowercase=True), **facts)
    assert tables.main(["--check"], tmp_path) == 1
    assert page.read_text("utf-8") == before
    assert tables.main([], tmp_path) == 0
    filled = page.read_text("utf-8")
    assert "| translate/x | test | BLEU lc 13a<br>BLEU 13a |" in filled
    assert "5.5 M | 30 min" in filled and r"`a \| b`" in filled
    assert filled.endswith(f"\nrest\n{empty}")
    assert tables.main(["--check"], tmp_path) == 0
    keep(tmp_path / "results", chrf(HYPS, REFS))
    capsys.readouterr()
    assert tables.main(["--check"], tmp_path) == 1
    assert "README.md: stale" in capsys.readouterr().out
    assert tables.main(["--nonsense"], tmp_path) == 2


def test_measured_figures_have_a_table_of_their_own(tmp_path, tables):
    keep(tmp_path / "results", bleu(HYPS, REFS))
    page = tmp_path / "README.md"
    text = "<!-- table: results -->\n<!-- end -->\n<!-- table: bench -->\n<!-- end -->\n"
    page.write_text(text, "utf-8")
    assert tables.main([], tmp_path) == 0
    before = page.read_text("utf-8")
    speed(tmp_path / "results", ratio=[1.5, 2.0, 2.5])
    assert tables.main([], tmp_path) == 0
    scores, _, speeds = page.read_text("utf-8").partition("<!-- table: bench -->\n")
    assert scores == before.partition("<!-- table: bench -->\n")[0]
    assert "| bench/train.tiny/x | test | target tokens/s: size tiny, threads 2 |" in speeds
    assert "| 3,000 (2,900–31,000) | 2 (1.5–2.5) |" in speeds and "`regard evaluate" in speeds
