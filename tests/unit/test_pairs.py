"""Pairs: what the contrast adds up, who is whose negative, what a node sees, and that it learns."""

import json
import math
import random
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from programs_toys import AUTHORS, STEPS, program, solutions

from regard import recipe, results
from regard.api import load
from regard.attention.scope import Scope
from regard.cli import main
from regard.data.code.flow import flow
from regard.data.tokenizer.base import BOS, EOS
from regard.data.tokenizer.code import Config as Tokens
from regard.evaluate import overlap
from regard.evaluate.pairs import auc, resampled, threshold
from regard.pass_ import encoding
from regard.recipe import UserError
from regard.run import Run
from regard.tasks.contrast.in_batch import Config as InBatch
from regard.tasks.contrast.margin import Config as Margin
from regard.tasks.negatives.hard import Config as Hard
from regard.tasks.pair_scorer import line
from regard.tasks.view.data_flow import NODE
from regard.tasks.view.data_flow import Config as DataFlow
from regard.tasks.view.program import NUMBERED
from regard.tasks.view.program import Config as Program
from regard.train.training import train

BLOCK = {"mixer": {"kind": "softmax", "heads": 2}, "ff": {"kind": "relu", "width": 64}}
BI = {
    "task": "pairs",
    "data": {
        "corpus": {"kind": "jsonl", "breaks": True}, "text": ["code_a", "code_b"], "label": "same",
        "groups": ["problem_a", "problem_b"], "tokenizer": {"kind": "code", "vocab": 500},
        "max_length": 96,
    },
    "view": {"kind": "program"}, "width": 16, "contrast": {"kind": "in_batch", "temperature": 0.1},
    "model": {
        "dim": 32, "pool": "mean", "drop": 0.0, "segments": 2,
        "encoder": {"kind": "plain", "layers": 1, "block": {**BLOCK, "dropout": 0.0}},
    },
    "train": {
        "steps": 60, "batch_tokens": 1500, "every": 60, "precision": "float32",
        "optim": {"lr": 5e-3, "warmup": 10, "schedule": "linear", "floor": 0.1},
    },
}  # fmt: skip


def table(folder: Path) -> Path:
    """Pairs of toy programs; problems are the same in every split, the writing is not."""
    rng = random.Random(1)
    folder.mkdir(parents=True)
    for split, count in (("train", 240), ("dev", 80), ("test", 80), ("test_renamed", 80)):
        rows = []
        for i in range(count):
            one = rng.choice(list(STEPS))
            other = one if i % 2 else rng.choice([step for step in STEPS if step != one])
            a, b = rng.sample(AUTHORS, 2)
            rows.append({
                "code_a": program(one, a, rng), "code_b": program(other, b, rng),
                "same": "same" if one == other else "different", "problem_a": one,
                "problem_b": other, "kind": "same" if one == other else "random",
            })  # fmt: skip
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return table(tmp_path_factory.mktemp("pairs") / "data")


def made(data: Path, *changes: str, base: dict | None = None) -> recipe.Recipe:
    settings = deepcopy(base or BI)
    settings["data"]["dir"] = str(data)
    return recipe.make(recipe.override(settings, changes))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory) -> Run:
    return train(made(data), tmp_path_factory.mktemp("runs") / "bi", device="cpu", quiet=True)


# Contrasts


def test_in_batch_against_a_plain_loop():
    torch.manual_seed(1)
    a, b = (torch.nn.functional.normalize(torch.randn(4, 5), dim=1) for _ in "ab")
    groups = torch.tensor([[0, 0], [1, 1], [0, 0], [2, 2]])
    texts, of, total = [*a, *b], [0, 1, 0, 2] * 2, 0.0
    for i in range(8):
        partner = (i + 4) % 8
        others = [j for j in range(8) if j == partner or of[j] != of[i]]
        scores = {j: float(texts[i] @ texts[j]) / 0.2 for j in others}
        total -= scores[partner] - math.log(sum(math.exp(x) for x in scores.values()))
    found = InBatch(temperature=0.2).loss(a, b, torch.ones(4, dtype=torch.bool), groups)
    assert float(found) == pytest.approx(total / 2, rel=1e-5)
    alone = torch.arange(8).view(4, 2)  # nobody tells groups: a text hides only itself
    assert float(InBatch(temperature=0.2).loss(a, b, None, alone)) > float(found)


def test_margin_pushes_apart_only_what_is_near():
    a = torch.tensor([[1.0, 0.0]] * 3)
    b = torch.tensor([[0.6, 0.8], [0.6, 0.8], [-1.0, 0.0]])
    same = torch.tensor([True, False, False])
    found = Margin(margin=0.5).loss(a, b, same, torch.zeros(3, 2))
    assert float(found) == pytest.approx(0.4**2 + 0.1**2 + 0)


# Negatives


def test_hard_negatives_bring_look_alikes_together():
    rng = np.random.default_rng(1)
    rows = [np.concatenate([rng.integers(0, 20, 10), np.full(5, 20 + i % 10)]) for i in range(60)]
    hard, lengths = Hard(near=3, pool=5), np.full((60, 2), 8)
    known = hard.learn(rows, 30)
    assert all(near % 10 == i % 10 for i in range(60) for near in known[i])
    assert not any(i in known[i] for i in range(60))
    batches = hard.batches(lengths, known, 64, 1, 0)
    assert sorted(np.concatenate(batches)) == list(range(60))
    assert all(len(batch) * 8 <= 64 for batch in batches)
    alike = np.mean([(batch[:, None] % 10 == batch % 10).mean() for batch in batches])
    assert alike > 0.4  # by chance two tenths
    again = hard.batches(lengths, known, 64, 1, 0)
    assert all(map(np.array_equal, batches, again))
    other = hard.batches(lengths, known, 64, 1, 1)
    assert [list(x) for x in other] != [list(x) for x in batches]


# Views


CODE = "def f(a, b):\n    c = a + b\n    return c\n"


def test_renamed_readings_differ_by_turn_and_not_in_use():
    view = Program(names="kept", renamed=0.5)
    seen = {view.text(CODE, random.Random(i)) for i in range(20)}
    assert view.text(CODE) in seen and len(seen) > 5 and view.text(CODE) == CODE.rstrip("\n")
    shuffled = {Program(renamed=1).text(CODE, random.Random(i)) for i in range(20)}
    numbered = Program().text(CODE)
    assert "def v0(v1, v2)" in numbered and len(shuffled) > 5
    bare = NUMBERED.sub("v", numbered)
    assert all(NUMBERED.sub("v", text) == bare for text in shuffled)
    assert {tuple(sorted(set(NUMBERED.findall(text)))) for text in shuffled} == {
        ("v0", "v1", "v2", "v3")
    }  # fmt: skip
    assert Program().text("def f(:  # no Python") == "def f(:  # no Python"


def test_a_node_sees_its_sources_and_its_tokens():
    tokens = Tokens(vocab=400, min_frequency=1).train([CODE] * 5)
    view = DataFlow(program={"kind": "program", "names": "kept"}, nodes=5)
    text = view.text(CODE)
    (row,) = view.frames(tokens, [(text, text)], 200)
    pieces, graph = tokens.pieces(row.ids), flow(text)
    assert row.ids[0] == BOS and row.ids[row.tokens :] == [NODE] * 10  # of each text five of six
    batch = view.collate([row, view.frames(tokens, [("x = 1", "(")], 200)[0]])
    pass_ = encoding(batch.ok, batch.tokens)
    allow = Scope(pass_.pos, pass_.keys, view.rules(batch)).allow()[0, 0]
    n = row.tokens
    assert allow[:n, :n].all()
    for number, (start, end) in enumerate(graph.spans[:5]):
        sees = set(allow[n + number].nonzero().flatten().tolist())
        nodes = {n + number, *(n + s for s in graph.sources[number])}
        assert {i for i in sees if i >= n} == nodes
        spelt = "".join(pieces[i] for i in sees if i < n)
        assert text[start:end] in spelt and len(spelt) <= end - start + 1
        for token in sees - nodes:
            assert allow[token, n + number]
    special = [i for i, token in enumerate(row.ids) if i == 0 or token == EOS]
    assert allow[special].all() and len(special) == 3
    assert not allow[1, n + 5 :].any()  # a token of the first text, nodes of the second
    assert batch.segments[0, n:].tolist() == [0] * 5 + [1] * 5
    assert not batch.ok[1, len("x=1") + 8 :].any()


def test_nodes_of_what_was_cut_off_are_left_out():
    tokens = Tokens(vocab=400, min_frequency=1).train([CODE] * 5)
    (row,) = DataFlow().frames(tokens, [(CODE,)], 9)
    whole = DataFlow().frames(tokens, [(CODE,)], 90)[0]
    assert row.tokens == 9 < whole.tokens
    nodes = len(row.ids) - 9
    assert 0 < nodes < len(whole.ids) - whole.tokens
    assert all(max(edge) < len(row.ids) for edge in row.edges)


# Figures


def test_the_line_is_where_most_are_right():
    rng = np.random.default_rng(2)
    for _ in range(50):
        scores, same = rng.integers(0, 6, 20) / 5, rng.random(20) < 0.5
        cuts = [*np.unique(scores) - 0.01, 2.0]
        best = max(((scores >= cut) == same).mean() for cut in cuts)
        assert ((scores >= threshold(scores, same)) == same).mean() == pytest.approx(best)
    cosines = np.r_[rng.normal(0.2, 0.1, 200), rng.normal(0.6, 0.1, 200)]
    same = np.arange(400) >= 200
    found = line(cosines, same)
    loss = [np.logaddexp(0, -slope * np.where(same, 1, -1) * (cosines - found.threshold)).sum()
            for slope in (found.slope, found.slope * 1.05, found.slope / 1.05)]  # fmt: skip
    assert 0.35 < found.threshold < 0.45 and loss[0] < min(loss[1:])
    assert auc(np.array([0.1, 0.1, 0.9]), np.array([False, True, True])) == pytest.approx(75)


def test_rows_of_one_problem_hang_together():
    right = np.array([1.0, 0.0] * 50)
    apart, together = resampled(right, range(100)), resampled(right, [i % 2 for i in range(100)])
    assert apart.value == together.value == 50 and 38 < apart.low < 42 < 58 < apart.high < 62
    assert (together.low, together.high) == (0, 100)


def test_edit_distance_against_the_table():
    rng = random.Random(0)
    for _ in range(200):
        a, b = (rng.choices("abcd", k=rng.randint(0, 80)) for _ in "ab")
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        assert overlap.distance(a, b) == row[-1]
    pairs = [("a b c", "a b c"), ("a b", "b c"), ("a", "b")]
    assert overlap.jaccard(pairs).tolist() == pytest.approx([1, 1 / 3, 0])
    assert overlap.edit(pairs).tolist() == [1, 0, 0]


def test_tf_idf_weighs_rare_tokens():
    pytest.importorskip("sklearn")
    score = overlap.tf_idf(["the a", "the b", "the c", "the d"])
    same, common, other = score([("the a", "the a"), ("the a", "the b"), ("a", "b")])
    assert same == pytest.approx(1) and 0 < common < 0.5 and other == 0


# The task


def test_it_learns_and_renaming_changes_nothing(run, data):
    used = load(run, device="cpu")
    rows = [json.loads(x) for x in (data / "test.jsonl").read_text("utf-8").splitlines()]
    pairs = [(row["code_a"], row["code_b"]) for row in rows]
    found = used.classify(pairs)
    right = [one.label == row["same"] for one, row in zip(found, rows, strict=True)]
    assert np.mean(right) > 0.85
    judged = used.judge(made(data).data, "test")
    assert judged.right.tolist() == right and judged.labels == ["different", "same"]
    said = judged.probabilities
    assert np.allclose(said.sum(1), 1)
    assert ((said[:, 1] >= 0.5) == [one.label == "same" for one in found]).all()
    other = [
        tuple(text.replace("res", "acc_").replace("total", "t0") for text in row) for row in pairs
    ]
    assert np.allclose(used.similarity(other), used.similarity(pairs), atol=1e-5)


def test_it_answers_alone_as_in_a_batch(run, data):
    used = load(run, device="cpu")
    rows = used.recipe.data.paired("dev")[:12]
    pairs = [row.texts for row in rows]
    blank = [pairs[0], ("", pairs[0][1]), ("  ", ""), pairs[1]]
    found = used.classify(blank)
    assert [one.label == "" for one in found] == [False, True, True, False]
    alone = [used.classify([pair])[0].value for pair in pairs]
    assert alone == pytest.approx(used.similarity(pairs).tolist(), abs=1e-5)
    vectors = used.vectors([pairs[0][0], "", pairs[0][0]])
    assert torch.equal(vectors[0], vectors[2]) and float(vectors[1].abs().sum()) == 0
    assert float(vectors[0].norm()) == pytest.approx(1, abs=1e-5)
    near = used.nearest([pairs[0][0]], [pair[0] for pair in pairs], count=3)[0]
    assert near[0].number == 0 and near[0].cosine == pytest.approx(1, abs=1e-5)
    assert near[0].cosine >= near[1].cosine >= near[2].cosine


@pytest.mark.parametrize("negatives", ["random", "hard"])
def test_a_stop_changes_nothing(data, tmp_path, negatives):
    changes = ["train.steps=6", "train.every=3", f"negatives={negatives}", "view.renamed=0.5"]
    settings = made(data, *changes, "data.most=60")
    straight = train(settings, tmp_path / "straight", device="cpu", quiet=True)
    train(settings, tmp_path / "stopped", device="cpu", quiet=True, until=4)
    again = train(settings, tmp_path / "stopped", device="cpu", quiet=True)
    assert straight.model.read_bytes() == again.model.read_bytes()
    assert straight.info()["data"]["threshold"] == again.info()["data"]["threshold"]


def test_margin_trains_on_all_rows_and_says_so(data, tmp_path):
    settings = made(data, "contrast=margin", "train.steps=2", "train.every=2", "data.groups=[]")
    told = train(settings, tmp_path / "run", device="cpu", quiet=True).info()["data"]
    assert told["learnt_from"] == told["train_rows"] == 240
    assert made(data).begin(Run(tmp_path / "none")).facts()["learnt_from"] == 120


def test_a_cross_encoder_with_data_flow_starts_from_it(run, data, tmp_path, capsys):
    cross = {
        "task": "classify", "data": {**BI["data"]},
        "train": {**BI["train"], "steps": 2, "every": 2},
        "view": {"kind": "data_flow", "nodes": 8}, "start": str(run.folder),
    }  # fmt: skip
    del cross["data"]["groups"]
    settings = made(data, base=cross)
    made_run = train(settings, tmp_path / "cross", device="cpu", quiet=True)
    (tmp_path / "a.py").write_text(program("total", "ann", random.Random(1)), "utf-8")
    (tmp_path / "b.py").write_text(program("last", "bob", random.Random(1)), "utf-8")
    files = [str(tmp_path / "a.py"), str(tmp_path / "b.py")]
    for folder in (made_run.folder, run.folder):
        assert main(["pairs", str(folder), *files]) == 0
        label, probability = capsys.readouterr().out.strip().split("\t")
        assert label in ("same", "different") and 0.5 <= float(probability) <= 1
    assert main(["bench", "pairs", str(run.folder), str(made_run.folder), "--data", str(data),
                 "--json", "--record", str(tmp_path / "kept")]) == 0  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    kept = [row for row in results.rows(tmp_path / "kept") if row["metric"].startswith("accuracy")]
    figures = {(one["system"].lower(), one["split"]): one["accuracy"]["value"] for one in told}
    for row in kept:  # every figure, and what is read again from its answers
        name, lines = (
            row["name"].removeprefix("pairs/"),
            results.lines(tmp_path / "kept" / row["output"]),
        )
        said = [
            json.loads(x)["same"] for x in (data / f"{row['set']}.jsonl").open(encoding="utf-8")
        ]
        right = sum(a == b for a, b in zip(lines, said, strict=True))
        assert row["value"] == pytest.approx(100 * right / len(said), abs=1e-3)
        assert row["value"] == pytest.approx(figures[name, row["set"]], abs=1e-3)
        assert str(data) not in row["command"]
    assert len(kept) == len(figures)
    assert [(one["system"], one["split"]) for one in told[:5]] == [
        ("TF-IDF", "test"), ("Jaccard", "test"), ("edit", "test"), ("bi", "test"), ("cross", "test")
    ]  # fmt: skip
    assert len(told) == 10 and told[0]["gain"] is None and told[4]["over_first"]["value"] < 0
    best = max(one["accuracy"]["value"] for one in told[:3])
    gain = told[3]["accuracy"]["value"] - best
    assert told[3]["gain"]["value"] == pytest.approx(gain) and told[3]["kinds"].keys() == {
        "random",
        "same",
    }


def test_pairs_answers_every_line(run, data, tmp_path, capsys):
    rows = (data / "dev.jsonl").read_text("utf-8").splitlines()[:3]
    short = json.dumps({"a": "x = 1\n", "b": "y = 1\n"})
    (tmp_path / "in.jsonl").write_text("\n".join([*rows, "", short]) + "\n", "utf-8")
    assert main(["pairs", str(run.folder), "--jsonl", str(tmp_path / "in.jsonl")]) == 0
    out = capsys.readouterr().out.split("\n")
    assert len(out) == 6 and out[3] == "" and out[4].startswith("same\t")  # but for names the same
    (tmp_path / "in.tsv").write_text("x = 1\ty = 1\n\n", "utf-8")
    assert main(["pairs", str(run.folder), str(tmp_path / "in.tsv"), "--json"]) == 0
    first, second, _ = capsys.readouterr().out.split("\n")
    assert json.loads(first)["label"] == "same" and json.loads(second)["label"] == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{run}", "--jsonl", "{here}/bad.jsonl"], "line 1: every line must be one JSON object"),
        (["{run}", "--jsonl", "{here}/short.jsonl"], "line 1: no 'code_a'"),
        (["{run}", "{here}/bad.tsv"], "line 1: 1 texts; this run reads two"),
        (["{run}", "{here}/bad.tsv", "{here}/none.py"], "none.py: no such file"),
        (["{run}", "{here}/bad.tsv", "{here}/bad.tsv", "--jsonl"], "not for two files"),
        (["{here}"], "no run.json"),
    ],
)
def test_bad_input_gets_a_sentence(run, tmp_path, capsys, words, said):
    (tmp_path / "bad.jsonl").write_text("x = 1\n", "utf-8")
    (tmp_path / "short.jsonl").write_text('{"a": "x"}\n', "utf-8")
    (tmp_path / "bad.tsv").write_text("x = 1\n", "utf-8")
    assert main(["pairs", *(w.format(run=run.folder, here=tmp_path) for w in words)]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_a_bad_recipe_gets_a_sentence(data, tmp_path):
    for change, said in (
        ("data.same=equal", "must be 'equal' or one other label"),
        ("data.groups=[problem_a]", "wants two columns"),
        ("contrast=nothing", "no tasks.contrast called 'nothing'"),
    ):
        with pytest.raises(UserError, match=said):
            made(data, change).begin(Run(tmp_path / "run"))
    with pytest.raises(UserError, match="data_flow wants text cut as it is"):
        made(data, "view=data_flow", "data.tokenizer.kind=bpe").begin(Run(tmp_path / "run"))


def test_line_breaks_stay_only_where_they_are_wanted(data):
    kept = made(data).data.paired("dev")[0].texts[0]
    flat = made(data, "data.corpus.breaks=false").data.paired("dev")[0].texts[0]
    assert "\n" in kept and flat == kept.replace("\n", " ")


def test_a_folder_becomes_a_run(tmp_path):
    folder = solutions(tmp_path / "all")
    assert main(["data", "pairs", str(folder), "--out", str(tmp_path / "set")]) == 0
    settings = made(tmp_path / "set", "train.steps=2", "train.every=2", "negatives=hard")
    told = train(settings, tmp_path / "run", device="cpu", quiet=True).info()["data"]
    assert told["labels"] == ["different", "same"] and -1 <= told["threshold"] <= 1
