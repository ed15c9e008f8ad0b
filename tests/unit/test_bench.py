"""Benchmarks: fair turns and paired ratios, children that fail, and what every peer reads."""

import json
import random
import shutil
import sys
from pathlib import Path

import pytest

from regard import recipe as recipes
from regard.bench import alternate, data, peers, process, rounds, sizes, translate
from regard.bench.alternate import Spread
from regard.bench.child import corpus
from regard.bench.machine import KEEP_FREED
from regard.bench.process import CHILD, System
from regard.bench.rounds import OURS
from regard.cli import main
from regard.recipe import UserError
from regard.run import Run

ROOT = Path(__file__).resolve().parents[2]
TOLD = {
    **sizes.Size(1, 16, 24, 2)._asdict(), "dropout": 0.1, "smoothing": 0.1, "lr": 1e-3, "seed": 1,
    "batch_tokens": 200, "precision": "float32", "steps": None, "direction": "de-en", "threads": 1,
}  # fmt: skip


# -- turns and ratios ------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 5])
def test_whoever_is_early_in_one_round_is_late_in_the_next(count):
    names = [f"s{i}" for i in range(count)]
    made = alternate.orders(names, 6, seed=4)
    assert all(sorted(order) == names for order in made)
    assert all(made[i + 1] == made[i][::-1] for i in range(0, 6, 2))
    before = {(a, b): sum(o.index(a) < o.index(b) for o in made) for a in names for b in names}
    assert all(before[a, b] == 3 for a, b in before if a != b)
    assert made == alternate.orders(names, 6, seed=4)
    assert len(alternate.orders(names, 5, seed=4)) == 5


def test_orders_are_drawn_anew():
    drawn = alternate.orders(list("abcde"), 20, seed=1)[::2]
    assert len({tuple(order) for order in drawn}) > 5


def test_a_ratio_is_taken_within_each_round():
    turns = [{"ours": 30.0, "it": 10.0}, {"ours": 3.0, "it": 2.0}, {"ours": 200.0, "it": 100.0}]
    assert alternate.ratio(turns, "ours", "it") == Spread(1.5, 2.0, 3.0)
    slower = [{k: v / 2**i for k, v in turn.items()} for i, turn in enumerate(turns)]
    assert alternate.ratio(slower, "ours", "it") == alternate.ratio(turns, "ours", "it")
    assert alternate.ratio(turns, "ours", "it", more_is_better=False) == Spread(1 / 3, 0.5, 2 / 3)


def test_rounds_that_lack_one_of_the_two_do_not_count():
    turns = [{"ours": 30.0}, {"it": 2.0}, {"ours": 8.0, "it": 2.0}]
    assert alternate.ratio(turns, "ours", "it") == Spread(4.0, 4.0, 4.0)
    assert alternate.ratio(turns[:2], "ours", "it") is None


def test_a_peers_better_figure_counts():
    made = rounds.Rounds([{
        OURS: {"speed": 12.0, "mib": 100.0}, "p": {"speed": 4.0, "mib": 200.0},
        "p, kept": {"speed": 6.0, "mib": 400.0}, "q": {"speed": 24.0, "mib": 50.0},
    }])  # fmt: skip
    found = rounds.beside(made, {"p": ["p", "p, kept"], "q": ["q"], "r": ["r"]}, "speed")
    assert {name: (got["ratio"].middle, got["counts"]) for name, got in found.items()} == {
        "p": (3.0, False), "p, kept": (2.0, True), "q": (0.5, True),
    }  # fmt: skip
    memory = rounds.beside(made, {"p": ["p", "p, kept"]}, "mib", more_is_better=False)
    assert memory["p"] == {"ratio": Spread(2.0, 2.0, 2.0), "counts": True}


def test_means_have_standard_errors():
    assert alternate.mean([2.0, 4.0]) == (3.0, 1.0)
    assert alternate.mean([2.0]) == (2.0, None) and alternate.mean([]) is None


# -- who fails -------------------------------------------------------------------------------------


def test_a_peer_that_fails_is_named_once_and_the_rest_goes_on(tmp_path):
    seeds, said = [], []

    def measure(system, settings, out):
        if system.name == "bad":
            raise UserError("bad: broke; its log is x.log: boom")
        seeds.append((system.name, settings["seed"]))
        return {"speed": 1.0}

    systems = [System(name, ()) for name in (OURS, "bad", "good")]
    made = rounds.alternate(systems, {"seed": 5}, 3, tmp_path, said.append, measure)
    assert made.failed == {"bad": "bad: broke; its log is x.log: boom"}
    assert sum("x.log" in text for text in said) == 1
    assert sorted(seeds) == [(name, s) for name in ("good", OURS) for s in (5, 6, 7)]
    assert made.all("good", "speed") == [1.0] * 3 and made.last("bad") == {}
    assert made.spread("bad", "speed") is None


def test_without_ours_there_is_nothing_to_compare(tmp_path):
    def measure(system, settings, out):
        raise UserError(f"{system.name}: broke")

    with pytest.raises(UserError, match="ours: broke"):
        rounds.alternate([System(OURS, ())], {"seed": 1}, 2, tmp_path, print, measure)


def child(folder: Path, source: str, **more: object) -> System:
    script = folder / "child.py"
    script.write_text(source, "utf-8")
    command = (sys.executable, "-P", str(script), "train")
    return System("some peer", command, {"PYTHONPATH": str(CHILD)}, more)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys; print('noise'); sys.exit('out of luck')", ["code 1", "out of luck"]),
        ("print('no json')", ["no JSON line"]),
        ("print('{\"speed\": ')", ["no JSON line"]),
        ("print('[1, 2]')", ["no JSON line"]),
        ("import nowhere", ["code 1", "No module named 'nowhere'"]),
    ],
)
def test_a_child_that_fails_gives_a_sentence_with_its_name_and_log(tmp_path, source, said):
    log = tmp_path / "logs" / "some_peer.log"
    with pytest.raises(UserError) as caught:
        process.measure(child(tmp_path, source), {"threads": 1}, tmp_path)
    sentence = str(caught.value)
    assert sentence.startswith("some peer: ") and str(log) in sentence and "\n" not in sentence
    assert all(text in sentence for text in said)
    assert log.exists()


TRAINS = """
import json, os, sys
from clock import Clock, Done, settings
told = settings()
clock = Clock(told)
print("a library that talks")
os.system("echo and a program that talks")
ticks = 0
try:
    while True:
        ticks += 1
        clock.tick(10 ** ticks)
except Done:
    pass
clock.trained(ticks=ticks, mine=told["mine"], threads=os.environ["OMP_NUM_THREADS"])
"""


@pytest.mark.parametrize(
    ("limit", "counted"),
    [
        ({"seconds": 0.0, "steps": None}, [3]),  # two updates are warm-up, then one is enough
        ({"seconds": 0.0, "steps": 5}, [3, 4, 5]),
    ],
)
def test_the_clock_counts_what_comes_after_the_warm_up(tmp_path, limit, counted):
    system = child(tmp_path, TRAINS, mine="yes")
    told = {"threads": 3, "warm": 0.0, "mine": "no", **limit}
    found = process.measure(system, told, tmp_path)
    assert found["tokens"] == sum(10**i for i in counted) and found["steps"] == len(counted)
    assert found["ticks"] == counted[-1]
    assert found["tokens_per_s"] == pytest.approx(found["tokens"] / found["seconds"])
    assert found["mine"] == "yes" and found["threads"] == "3"
    assert 1 < found["peak_mib"] < 100  # of a bare Python, not of the process that started it
    log = (tmp_path / "logs" / "some_peer.log").read_text("utf-8")
    assert "a library that talks" in log and "a program that talks" in log


def test_what_an_engine_answers_is_kept(tmp_path):
    (tmp_path / "work.json").write_text('{"ids": [[5, 2], [6, 7, 2], [8, 2]]}')
    system = child(
        tmp_path,
        "from clock import Clock, settings, work\n"
        "ids = [row[:-1] for row in work(settings())['ids']]\n"
        "Clock(settings()).translated(lambda count: ids[:count], version='1')\n",
        work=str(tmp_path / "work.json"), answers=str(tmp_path / "answers.json"),
    )  # fmt: skip
    told = {"threads": 1, "lines": 2, "warm_lines": 1}
    found = process.measure(system, told, tmp_path)
    assert json.loads((tmp_path / "answers.json").read_text()) == [[5], [6, 7]]
    assert found["sentences"] == 2 and found["tokens"] == 1.5 and found["version"] == "1"
    assert found["sentences_per_s"] == pytest.approx(2 / found["seconds"])


# -- peers -----------------------------------------------------------------------------------------


def test_every_peer_has_a_script_and_a_way_to_its_environment():
    setup = (peers.SCRIPTS / "setup.sh").read_text("utf-8")
    for name in ("plain", "marian", "joeynmt", "eole", "ctranslate2"):
        assert (peers.SCRIPTS / f"{name}.py").is_file()
        assert f"    {name})" in setup
        source = (peers.SCRIPTS / f"{name}.py").read_text("utf-8")
        assert "regard" not in source.replace("src/regard/bench/child", "")


def test_peers_are_found_or_a_sentence_says_how(tmp_path):
    assert peers.chosen("plain, eole,plain", ("plain", "eole")) == ["plain", "eole"]
    with pytest.raises(UserError, match="did you mean 'eole'"):
        peers.chosen("plain,eol", ("plain", "eole"))
    with pytest.raises(UserError, match="setup.sh eole"):
        peers.system("eole", "train", tmp_path)
    made = peers.system("plain", "train", tmp_path)
    assert made.command[0] == sys.executable and made.environment == {"PYTHONPATH": str(CHILD)}


def test_a_peer_is_measured_with_and_without_our_allocators_setting():
    system = System("p", ("x",), {"A": "1"}, {"model": "m"})
    bare, kept = peers.variants(system)
    assert bare == system
    assert kept.environment == {"A": "1", **KEEP_FREED} and kept.settings == {"model": "m"}
    named = {v.name: v.settings for v in peers.variants(system, {"": {"w": 0}, ", 2": {"w": 2}})}
    assert [s["w"] for s in named.values()] == [0, 0, 2, 2]
    assert all(s["model"] == "m" for s in named.values()) and len(named) == 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_the_environment_keeps_freed_memory(tmp_path):
    """A large buffer, freed and asked for again, costs no new pages."""
    source = """
import ctypes, json, resource
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
counts = []
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    buffer = libc.malloc(64 << 20)
    ctypes.memset(buffer, 1, 64 << 20)
    libc.free(buffer)
    counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(json.dumps({"again": counts[1]}))
"""
    bare, kept = peers.variants(child(tmp_path, source))
    faults = [process.measure(x, {"threads": 1}, tmp_path)["again"] for x in (bare, kept)]
    assert faults[1] < 100 < faults[0]


# -- the corpus ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def multi30k(tmp_path_factory) -> Path:
    """A corpus with the file names of Multi30k."""
    folder, rng = tmp_path_factory.mktemp("bench") / "multi30k", random.Random(2)
    folder.mkdir()
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(2, 5))) for _ in range(60)]
    for split, count in (("train", 150), ("val", 12), ("test_2016_flickr", 12)):
        rows = [rng.choices(words, k=rng.randint(1, 12)) for _ in range(count)]
        if split == "train":
            rows[7] = words * 4  # too long for the peers
        for language, step in (("de", 1), ("en", -1)):
            text = "".join(" ".join(row[::step]) + ".\n" for row in rows)
            (folder / f"{split}.{language}").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def prepared(multi30k, tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("prepared")
    return out, data.prepare(multi30k, out, 700)


def test_everybody_reads_the_same_tokens(prepared, tmp_path):
    out, facts = prepared
    told = {**TOLD, "data": str(out), "vocab": facts["vocab"]}
    run = Run(tmp_path / "run")
    recipe = recipes.make(sizes.recipe(told))
    run.create(recipe)
    shutil.copytree(out / "tokenizer", run.tokenizer)
    task = recipe.begin(run)
    stores = zip(*task.data.stores(0), strict=True)
    ours = [(source.tolist(), target.tolist()) for source, target in stores]
    theirs = corpus.rows(told, "train")
    assert theirs == ours and len(ours) == facts["train"]["rows"] == 149
    assert sum(len(s) for s, _ in theirs) == facts["train"]["source"]
    assert sum(len(t) for _, t in theirs) == facts["train"]["target"]
    assert facts["source_tokens"] == facts["train"]["source"] / facts["train"]["target"]
    assert max(max(map(len, row)) for row in theirs) <= data.LONGEST
    batches = task.batches(TOLD["batch_tokens"], 0)
    assert sum(task.weight(rows, 0) for rows in batches) == facts["train"]["target"]
    assert facts["learnt"] < facts["vocab"] == 700 == task.codec.target.size
    assert {p.size(0) for p in task.model.head} == {700}


def test_words_of_tokens_are_safe_and_in_the_order_of_their_ids(prepared):
    out, facts = prepared
    words = (out / "tokens" / "vocab.txt").read_text("utf-8").splitlines()
    assert words == [f"t{i}" for i in range(4, facts["vocab"])]
    text = (out / "tokens" / "train.tgt").read_text("utf-8")
    assert set(text.split()) <= set(words)
    assert data.read(data.line([5, 17, 2])) == [5, 17]
    assert data.read("<unk> t5 </s> t17 the t") == [5, 17]


def test_batches_of_the_peers_hold_every_row_once_within_the_budget(prepared):
    rows = corpus.rows({"data": str(prepared[0])}, "train")
    made = corpus.batches(rows, 200)
    assert sorted(i for batch in made for i in batch) == list(range(len(rows)))
    assert all(len(b) * max(max(map(len, rows[i])) for i in b) <= 200 for b in made)
    turns = corpus.endless([[1], [2], [3]], seed=1)
    assert all(sorted(next(turns)[0] for _ in range(3)) == [1, 2, 3] for _ in range(4))


def test_a_missing_corpus_is_told(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        data.prepare(tmp_path / "nowhere", tmp_path / "out", 400)


# -- what a token costs ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [sizes.Size(2, 16, 24, 2), sizes.Size(1, 8, 40, 4)])
def test_every_matrix_is_counted_once(size):
    told = {**TOLD, **size._asdict()}
    from regard.models import seq2seq

    model = recipes.check(seq2seq.Config, sizes.model(told)).build(50, 50)
    matrices = sum(p.numel() for p in model.parameters() if p.dim() > 1)
    assert sum(size.parameters(50)) == matrices
    source, target = size.parameters(50)
    assert size.flops(50, 0.0) == 6 * target and size.flops(50, 1.0) == 6 * (source + target)


def test_the_tiny_model_costs_eleven_million_a_token():
    assert sizes.SIZES["tiny"].flops(4000, 1.0) == pytest.approx(11e6, rel=0.02)
    source, target = sizes.SIZES["large"].parameters(32_000)
    assert source + target == pytest.approx(200e6, rel=0.1)


# -- translating -----------------------------------------------------------------------------------


def test_a_peers_settings_are_tried_and_its_fastest_are_measured(tmp_path, monkeypatch):
    told = {"threads": 2, "batches": [32, 64], "lines": 1000}
    choices = translate.choices("ctranslate2", told, "m")
    shares = {(c["inter"], c["intra"]) for c in choices}
    assert shares == {(1, 2), (2, 1)} and len(choices) == 6
    assert {c["batch_type"] for c in choices} == {"examples", "tokens"}
    assert translate.choices("marian", told, "m") == [
        {"model": "m", "batch": size, "batch_type": "examples"} for size in (32, 64)
    ]
    few = []

    def measure(system, settings, out):
        few.append(settings["lines"])
        own = system.settings
        return {"sentences_per_s": own["batch"] + 1000.0 * (own["inter"] == 2)}

    monkeypatch.setattr(translate, "measure", measure)
    best, tried = translate.best_of(System("c", ()), choices, told, tmp_path, lambda text: None)
    assert best.settings == {
        "model": "m", "inter": 2, "intra": 1, "batch": 2048, "batch_type": "tokens",
    }  # fmt: skip
    assert len(tried) == 6 and set(few) == {translate.TRY_LINES}


def test_answers_must_be_as_many_as_sentences(tmp_path):
    (tmp_path / "a.json").write_text("[[5]]")
    with pytest.raises(UserError, match="1 answers to 2 sentences"):
        translate.scored(tmp_path / "a.json", None, [None, None])


# -- the verb --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--size", "tin"], "did you mean 'tiny'"),
        (["train", "--precision", "int8"], "precision"),
        (["train", "--against", "plan"], "did you mean 'plain'"),
        (["train", "--against", "eole"], "setup.sh eole"),
        (["train", "--data", "nowhere"], "no folder nowhere"),
        (["translate", "--batches", "32,x"], "batches"),
        (["translate", "--against", "eole"], "no peer 'eole'"),
        (["startup", "--size", "huge"], "size"),
    ],
)
def test_bad_input_gets_a_sentence_before_any_work(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.setenv("DATA", str(tmp_path))
    monkeypatch.setenv("PEERS", str(tmp_path))
    assert main(["bench", *words, "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("regard: ") and said in err and err.count("\n") == 1


@pytest.mark.slow
def test_the_whole_of_a_training_benchmark(multi30k, tmp_path, capsys, monkeypatch):
    words = ["bench", "train", "--data", str(multi30k), "--vocab", "400", "--rounds", "1",
             "--seconds", "0", "--threads", "1", "--batch-tokens", "200", "--json",
             "--out", str(tmp_path / "out"), "--record", str(tmp_path / "results")]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["regard", *words])
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["systems"]) == [OURS, "plain", "plain, freed memory kept"]
    assert sum(bool(got.get("counts")) for got in found["systems"].values()) == 1
    kept = (tmp_path / "results" / "bench.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["name"].removeprefix("bench/train.tiny/") for row in kept] == [
        "ours", "plain", "plain_freed_memory_kept",
    ]  # fmt: skip
    assert not (tmp_path / "out" / "scratch").exists()
