"""A run that hides marks: placeholders that it has never seen come through, whatever is asked."""

import random
from types import SimpleNamespace

import pytest
import training_toys

from regard import recipe
from regard.data import batching
from regard.data.marks import marks, survive
from regard.data.tokenizer.base import EOS
from regard.search.base import Limits
from regard.tasks import alternatives, growing, translate
from regard.tasks.attending import Head, attend, read
from regard.tasks.decode import beam, diverse, greedy, mbr, sample
from regard.tasks.decode.base import Ask
from regard.tasks.translator import Translator, Wish
from regard.train import report
from regard.train.training import train
from regard.train.verify import differences

LETTERS = "abcdefgh"
GLUED = {"": "", "(": ")", "'": "'s"}


def source(rng: random.Random, name) -> str:
    """Letters with one or two marks among them; some are glued to signs."""
    words = rng.choices(LETTERS, k=rng.randint(2, 4))
    for _ in range(rng.randint(1, 2)):
        before = rng.choice(list(GLUED))
        words.insert(rng.randint(0, len(words)), f"{before}{name(rng)}{GLUED[before]}")
    return " ".join(words)


def seen(rng: random.Random) -> str:
    return rng.choice(["{n%d}", "%%(v%d)s", "`c%d`", "<t%d>"]) % rng.randint(0, 9)


def fresh(rng: random.Random) -> str:
    made = f"fresh_name_{rng.randint(100, 10**6)}"
    kinds = ["{%s}", "%%(%s)s", "``%s  x``", "<a href='%s'>", "https://%s.org/y", "{{ %s }}"]
    return rng.choice(kinds) % made


def changed(text: str) -> str:
    """The task: a copy in which letters that stand alone are capitals."""
    return " ".join(word.upper() if word in LETTERS else word for word in text.split(" "))


def settings(folder, **data) -> dict:
    block = {"mixer": "softmax", "dropout": 0.0, "ff": {"kind": "relu", "width": 128}}
    stack = {"kind": "plain", "layers": 2, "block": block}
    return {
        "task": "translate", "seed": 1,
        "data": {
            "corpus": "tsv", "dir": str(folder), "directions": ["xx-yy"], "max_length": 40,
            "tokenizer": {"kind": "bpe", "vocab": 340}, "protect": True, **data,
        },
        "model": {"dim": 64, "tie": "all", "encoder": stack, "decoder": stack},
        "objective": {"kind": "likelihood", "smoothing": 0.0},
        "train": {
            "steps": 300, "batch_tokens": 400, "every": 300, "precision": "float32",
            "optim": {"lr": 5e-3, "warmup": 40, "schedule": "linear", "floor": 0.05},
        },
        "decode": {"kind": "beam", "size": 3}, "dev_rows": 10,
    }  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("marks"), random.Random(1)
    for name, count in (("train", 4000), ("dev", 20)):
        rows = [source(rng, seen) for _ in range(count)]
        lines = [f"{row}\t{changed(row)}\n" for row in rows]
        (folder / f"{name}.tsv").write_text("xx\tyy\n" + "".join(lines), "utf-8")
    return train(recipe.make(settings(folder)), folder / "run", device="cpu", quiet=True)


@pytest.fixture(scope="module")
def mt(run) -> Translator:
    return translate.load([run])


@pytest.fixture(scope="module")
def lines() -> list[str]:
    rng = random.Random(2)
    return [source(rng, fresh) for _ in range(100)]


def using(mt: Translator, decode) -> Translator:
    return Translator(mt.models, mt.codec, decode, mt.longest)


def test_every_mark_never_seen_comes_through(mt, lines):
    answers = [answer.text for answer in mt.translate(lines)]
    assert all(survive(*pair) for pair in zip(lines, answers, strict=True))
    right = sum(answer == changed(line) for line, answer in zip(lines, answers, strict=True))
    assert right >= 90  # signs around marks and all


def test_without_the_option_none_would(mt, lines, run):
    plain = Translator(mt.models, mt.codec, mt.decode, mt.longest)
    plain.codec = translate.load([run]).codec
    plain.codec.masks.characters = ""
    answers = [answer.text for answer in plain.translate(lines)]
    assert sum(survive(*pair) for pair in zip(lines, answers, strict=True)) < 50


def test_alone_and_in_a_batch_the_same(mt, lines):
    together = mt.translate(lines[:20])
    for line, answer in zip(lines, together, strict=False):
        (alone,) = mt.translate([line])
        assert alone.text == answer.text and alone.score == pytest.approx(answer.score, abs=1e-4)


@pytest.mark.parametrize("kind", [greedy, beam, diverse, sample, mbr])
def test_no_search_says_a_mark_twice_or_a_foreign_one(mt, lines, kind):
    for line, rows in zip(
        lines, using(mt, kind.Config()).n_best([*lines[:8], "a b c"]), strict=False
    ):
        wanted = mt.codec.reserved(mt.codec.sources([mt.codec.masks.of(line).text], ["xx-yy"]))[0]
        for answer in rows:
            said = mt.codec.reserved([h.tokens for h in answer.pieces])[0]
            assert len(set(said)) == len(said) and set(said) <= set(wanted)


def test_scores_are_those_of_the_answers(mt, lines):
    answers = mt.translate(lines)
    given = mt.score(lines, [answer.text for answer in answers])
    assert given == pytest.approx([answer.score for answer in answers], abs=1e-3)


def test_phrases_that_are_marks_are_said(mt):
    line, lost = "a {fresh_1} b :ref:`c <fresh_2>` d", "D C"
    parts = [part for mark in marks(line) for part in mark.parts]
    plain = mt.translate([line], Wish(prefix=[lost]))[0].text
    (answer,) = mt.translate([line], Wish(prefix=[lost], terms=[[f" {parts[0]}", *parts[1:]]]))
    assert answer.text.startswith(lost) and all(answer.text.count(part) == 1 for part in parts)
    assert plain.startswith(lost)


def test_a_prefix_may_hold_marks_of_the_line(mt):
    (answer,) = mt.translate(["a {fresh_1} b"], Wish(prefix=["({fresh_1}"]))
    assert answer.text.startswith("({fresh_1}") and answer.text.count("{fresh_1}") == 1


def test_long_lines_are_cut_between_marks_and_keep_them_all(mt, lines):
    mt = using(mt, mt.decode)
    mt.longest = 16
    long = " ".join(line for line in lines[:24] if len(marks(line)) == 1)
    found, jobs = marks(long), mt.cut(mt.jobs([long], Wish()))
    assert 5 < len(found) <= 24 and not mt.fits(long) and len(jobs) > 2
    assert mt.codec.masks.of(long).shown(" ".join(job.text for job in jobs)) == long
    terms = [mark.parts[0] for mark in found]
    (forced,) = mt.translate([long], Wish(terms=[terms]))
    assert survive(long, forced.text) and len(forced.pieces) == len(jobs)


def test_an_answer_stays_one_line(mt):
    (answer,) = mt.translate(["a <b\nc> d"])
    assert "\n" not in answer.text


def test_growing_and_other_words_show_marks(mt):
    line, heard = "a b {fresh_77}", []
    whole = growing.growing(mt, line, None, heard.append)
    assert whole.text == mt.translate([line])[0].text and "{fresh_77}" in whole.text
    found = alternatives.alternatives(mt, line, "A B", count=3)
    assert "{fresh_77}" in {other.word for other in found}
    for text in (*heard, *(other.text for other in found)):
        assert text.encode() is not None and "mark" not in text


def test_words_and_tokens_of_a_look(mt):
    line, answer = "a b ``fresh  x`` c", "A B ``fresh  x`` C"
    (at,) = attend(mt, [line], [answer])
    name = next(name for name in at.weights if name.endswith("cross"))
    _, of_source, of_target = read(mt, line, answer, at, Head(name))
    assert list(at.hidden.values()) == ["``fresh  x``"]
    (token,) = at.hidden
    assert line.split()[of_source[at.source.index(token)]] == "``fresh"
    assert answer.split()[of_target[at.target.index(token)]] == "``fresh"
    assert line.split()[of_source[-1]] == "c"


def test_what_training_reads(run, mt):
    codec = mt.codec
    data = translate.Translate(run.recipe, run).data
    sources, targets = data.stores(0)
    pairs = zip(sources, targets, strict=True)
    found = [codec.reserved([s.tolist(), t.tolist()]) for s, t in pairs]
    assert all(sorted(s) == sorted(t) for s, t in found) and any(found)
    assert {i for s, _ in found for i in s} == set(codec.target.characters)


@pytest.mark.parametrize("kind", ["native", "shortlist", "ctranslate2"])
def test_engines_obey_or_pass_on(run, mt, lines, kind, tmp_path):
    from regard.export import base

    if kind == "ctranslate2":
        pytest.importorskip("ctranslate2")
    made = base.kind(kind)
    made.write(mt.models[0], mt.codec, run.recipe, tmp_path, "float32")
    used = using(mt, mt.decode)
    used.engine = made.open(tmp_path, mt.codec, 1)
    ours, theirs = mt.translate(lines), used.translate(lines)
    same = sum(a.text == b.text for a, b in zip(ours, theirs, strict=True))
    assert same >= 99
    assert all(survive(line, t.text) for line, t in zip(lines, theirs, strict=True))


def test_ctranslate2_hands_back_what_our_search_would_not_say(run, mt, tmp_path):
    pytest.importorskip("ctranslate2")
    from regard.export import ctranslate2 as kind

    kind.write(mt.models[0], mt.codec, run.recipe, tmp_path, "float32")
    engine = kind.open(tmp_path, mt.codec, 1)
    sources = mt.codec.sources([mt.codec.masks.of("a {x} b").text], ["xx-yy"])
    (mine,) = mt.codec.reserved(sources)[0]
    for once, answered in (([[mine]], True), ([[]], False)):
        limits = Limits(1, EOS, [40], forbid=mt.codec.silent, once=once)
        (row,) = engine.decoded(sources, greedy.Config(), Ask(), limits)
        assert (row is not None) == answered
    name, end = engine.target[mine], engine.target[EOS]
    for words, answered in (([name, "a", end], True), ([name, "a", name, end], False)):
        said = SimpleNamespace(hypotheses=[words], scores=[-1.0])
        found = engine.best(said, greedy.Config(), 40, set(mt.codec.silent), [mine])
        assert (found is not None) == answered


@pytest.mark.parametrize("block", [10_000, 20])
def test_resume_is_exact(tmp_path, monkeypatch, block):
    """Of one block that is cut anew each turn, and of several."""
    monkeypatch.setattr(batching, "BLOCK", block)
    monkeypatch.setattr(batching, "STRETCH", 3)
    monkeypatch.setattr(report, "SHOW", 4)
    rng = random.Random(3)
    for name, count in (("train", 48), ("dev", 6)):
        lines = [f"{x}\t{changed(x)}\n" for x in (source(rng, seen) for _ in range(count))]
        (tmp_path / f"{name}.tsv").write_text("xx\tyy\n" + "".join(lines), "utf-8")
    changes = ["data.protect=true", "data.tokenizer.vocab=330"]
    changes += [] if block > 20 else ["data.tokenizer.dropout=0"]
    made = training_toys.recipe(tmp_path, changes, steps=12, every=4)
    straight = train(made, tmp_path / "straight", quiet=True)
    for until in (2, 5, 9, None):
        stopped = train(made, tmp_path / "stopped", quiet=True, until=until)
    assert differences(straight, stopped) == []
    metrics = [training_toys.metrics(run) for run in (straight, stopped)]
    assert metrics[0] == metrics[1]
    data = translate.Translate(straight.recipe, straight).data
    assert any(translate.load([straight]).codec.reserved([s.tolist() for s in data.stores(0)[0]]))
