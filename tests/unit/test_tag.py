"""Tagging: which token answers for a word, that it learns, a tag for every word of every line."""

import json
import random

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from starting_toys import OTHER, lines, made, mlm, stack, texts, trained, training

from regard.api import load
from regard.cli.app import command
from regard.data.corpus import conll
from regard.data.reading import Batch
from regard.data.tokenizer.base import BOS, EOS
from regard.data.words import collated, pieces
from regard.recipe import UserError
from regard.run import Run

NAMES = ["Anna", "Bert", "Carla"]


def sentence(rng):
    """Names are persons, of two words behind `mister`; a sign hangs on a word, or stands alone."""
    words, tags = [], []
    for _ in range(rng.randint(1, 5)):
        kind = rng.random()
        if kind < 0.3:
            words += [rng.choice(NAMES)]
            tags += ["B-PER"]
        elif kind < 0.5:
            words += ["mister", rng.choice(NAMES), "smith"]
            tags += ["O", "B-PER", "I-PER"]
        else:
            words += [rng.choice(OTHER) + rng.choice(["", "."])]
            tags += ["O"]
    return words, tags


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same sentences in both forms."""
    folder, rng = tmp_path_factory.mktemp("tags"), random.Random(0)
    for name, count in (("train", 150), ("dev", 20)):
        rows = [sentence(rng) for _ in range(count)]
        columns = [f"{' '.join(words)}\t{' '.join(tags)}" for words, tags in rows]
        lines(folder / f"{name}.tsv", ["text\tlabel", *columns])
        blocks = ["# a comment", "-DOCSTART-\tO", ""]
        for words, tags in rows:
            blocks += [f"{w}\t{t}" for w, t in zip(words, tags, strict=True)] + [""]
        lines(folder / f"{name}.conll", blocks[: -(name == "dev") or None])  # no blank at the end
    return folder


def settings(folder, steps=120, corpus="tsv"):
    data = {"corpus": corpus, "dir": str(folder), "tokenizer": {"kind": "bpe", "vocab": 330}}
    model = {"dim": 16, "encoder": stack(), "drop": 0.0}
    optim = {"lr": 1e-2, "warmup": 10, "schedule": "linear"}
    train = training(steps, batch_tokens=400, optim=optim)
    return {"task": "tag", "data": data | {"max_length": 32}, "model": model, "train": train}


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    return trained(settings(folder), tmp_path_factory.mktemp("run") / "run")


def test_it_learns_names(run):
    last = json.loads(run.metrics.read_text().splitlines()[-1])
    assert last["dev_span_f1"] > 95 and last["dev_accuracy"] > 95
    assert run.info()["data"]["tags"] == ["B-PER", "I-PER", "O"]
    used = load(run, device="cpu")
    found = used.tag(["the mister Anna smith", "", " \t ", "Carla  and   a tree.", "\u200b"])
    assert found[0].tags == ["O", "O", "B-PER", "I-PER"]
    assert str(found[3]) == "Carla/B-PER and/O a/O tree./O"
    assert [len(x.tags) for x in found] == [4, 0, 0, 4, 0]
    assert all(0.3 < p <= 1 for x in found for p in x.probabilities)


def test_both_forms_are_the_same_rows(folder):
    read = [list(made(settings(folder, corpus=c)).data.rows("train")) for c in ("tsv", "conll")]
    assert read[0] == read[1] and len(read[0]) == 150


def test_the_first_token_of_a_word_answers_for_it(folder, tmp_path):
    task = made(settings(folder)).begin(Run(tmp_path / "none"))
    text = "tree.tree.tree. unseen Ünß a"
    (piece,) = pieces(task.tokenizer, [text], 200)
    assert piece.ids[0] == BOS and piece.ids[-1] == EOS
    numbers = task.tokenizer.word_index(text, piece.ids[1:-1])
    assert [numbers.index(w) + 1 for w in range(4)] == piece.first
    assert len(piece.ids) > 8
    for start, stop, word in zip(
        piece.first, [*piece.first[1:], len(piece.ids) - 1], text.split(), strict=True
    ):
        assert task.tokenizer.decode([piece.ids[start:stop]])[0].strip() == word


def test_long_sentences_are_cut_between_words_and_nothing_is_lost(folder, tmp_path):
    task = made(settings(folder)).begin(Run(tmp_path / "none"))
    rng = random.Random(4)
    rows = [
        " ".join(rng.choices([*OTHER, "unseen" * 9, "Ünß"], k=rng.randint(1, 60)))
        for _ in range(30)
    ]
    found = pieces(task.tokenizer, [*rows, ""], 12)
    for i, text in enumerate(rows):
        mine = [piece for piece in found if piece.row == i]
        assert sum(len(piece.first) for piece in mine) == len(text.split())
        assert all(len(piece.ids) <= 12 and piece.first[0] == 1 for piece in mine)
        assert all(piece.first == sorted(set(piece.first)) for piece in mine)
        assert all(max(piece.first) < len(piece.ids) - 1 for piece in mine)
    assert all(piece.row < len(rows) for piece in found)


def test_loss_is_cross_entropy_of_each_word(folder, tmp_path):
    task = made(settings(folder)).begin(Run(tmp_path / "none"))
    rows = task.batches(200, 0)[0]
    batch = task.batch(rows, 0)
    total, words = 0.0, 0
    task.model.eval().requires_grad_(False)
    for i in rows:
        piece = task.pieces[i]
        x = task.model.reader(torch.tensor([piece.ids])).x[0]
        scores = task.model.head(x[piece.first]).log_softmax(-1)
        for at, tag in enumerate(task.targets[i]):
            total -= float(scores[at, tag])
            words += 1
    assert float(task.loss(batch).total) == pytest.approx(total, rel=1e-4)
    assert task.weight(rows, 0) == words == len(batch.target)


def test_a_batch_has_the_places_of_its_words(folder, tmp_path):
    task = made(settings(folder)).begin(Run(tmp_path / "none"))
    chosen = task.pieces[:3]
    read = collated(chosen)
    assert isinstance(read, Batch)
    assert read.first.tolist() == [[r, at] for r, p in enumerate(chosen) for at in p.first]


def test_it_goes_on_exactly_and_starts_from_a_reader(folder, tmp_path):
    reader = trained(mlm(texts(tmp_path / "texts")), tmp_path / "reader")
    own = settings(folder, 6) | {
        "start": str(reader.folder),
        "tuning": {"kind": "frozen", "layers": 1},
    }
    whole = trained(own, tmp_path / "whole")
    trained(own, tmp_path / "cut", until=3)
    one, two = (load_file(x.model) for x in (whole, trained(own, tmp_path / "cut")))
    assert one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)
    old = load_file(reader.model)
    assert torch.equal(one["reader.embed.weight"], old["reader.embed.weight"])


def test_the_verb_gives_as_many_lines(run, tmp_path):
    source = tmp_path / "in.txt"
    source.write_text("mister Anna smith\n\n" + "Carla and the tree " * 30 + "\nlast", "utf-8")

    def ran(*options):
        result = CliRunner().invoke(command(), ["tag", str(run.folder), str(source), *options])
        assert result.exit_code == 0, result.output
        return result.output

    text = ran().split("\n")
    assert text[0] == "mister/O Anna/B-PER smith/I-PER" and text[1] == "" and len(text) == 4
    assert len(text[2].split()) == 120
    tags = ran("--tags").split("\n")
    assert [len(row.split()) for row in tags] == [3, 0, 120, 1]
    objects = [json.loads(row) for row in ran("--json").split("\n")]
    assert objects[0]["tags"] == ["O", "B-PER", "I-PER"] and objects[1]["words"] == []


def test_its_words_are_judged_like_any_labels(run, folder):
    used = load(run, device="cpu")
    judged = used.judge(run.recipe.data, "dev")
    rows = run.recipe.data.rows("dev")
    found = used.tag([row.texts[0] for row in rows])
    assert judged.answers == [tag for one in found for tag in one.tags]
    assert judged.references == [tag for row in rows for tag in row.label.split()]
    assert judged.said.tolist() == pytest.approx([p for one in found for p in one.probabilities])
    assert judged.probabilities.sum(1) == pytest.approx(1)


def test_bad_input_is_told(folder, tmp_path):
    def told(row, **more):
        lines(tmp_path / "train.tsv", ["text\tlabel", row])
        lines(tmp_path / "dev.tsv", ["text\tlabel", "a\tO"])
        own = settings(tmp_path)
        own["data"] |= more
        with pytest.raises(UserError) as error:
            made(own).begin(Run(tmp_path / "none"))
        return str(error.value)

    assert "2 words and 1 tags in 'a b'" in told("a b\tO")
    assert "one column of text" in told("a\tO", text=["text", "label"])
    assert "no data.labels" in told("a\tO", labels={"O": "none"})
    lines(tmp_path / "x.conll", ["Anna B-PER"])
    lines(tmp_path / "y.conll", ["New York\tB-LOC"])
    for name, says in (("x", "no column 2; it has 1, with tabs"), ("y", "wants one word")):
        with pytest.raises(UserError, match=says):
            list(conll.Config().fields(str(tmp_path), name, ["text", "label"]))
    with pytest.raises(UserError, match="no column 'tag'"):
        list(conll.Config().fields(str(tmp_path), "x", ["text", "tag"]))
