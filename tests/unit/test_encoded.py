"""A corpus larger than memory allows: blocks, files in the run, what is found again, what not."""

import json
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from test_parallel import config, rows
from training_toys import SURE, corpus, facts, metrics, recipe

from regard.data import batching, encoded, parallel, store, texts
from regard.data.codec import Codec
from regard.data.parallel import prepare
from regard.data.texts import Texts
from regard.train import report
from regard.train.training import train
from regard.train.verify import differences


@pytest.fixture
def small(monkeypatch):
    """Everything that large corpora come to, a thousand times sooner."""
    monkeypatch.setattr(batching, "BLOCK", 100)
    monkeypatch.setattr(batching, "STRETCH", 7)
    monkeypatch.setattr(parallel, "SAMPLE", 150)
    monkeypatch.setattr(store, "SMALL", 2000)
    for module in (encoded, texts):
        monkeypatch.setattr(module, "CHUNK", 30)
    monkeypatch.setattr(encoded, "DRAWN", 40)


def written(folder, count=400, **changes):
    """Settings for a table of so many rows of text, every twentieth with a blank side."""
    made = rows(count)
    lines = [f"{r.source}\t{' ' if i % 20 == 3 else r.target}\n" for i, r in enumerate(made)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.tsv").write_text("de\ten\n" + "".join(lines), "utf-8")
    return config(dir=str(folder), **changes)


def pairs_of(data, turns):
    """The texts of every row of every batch of these turns, decoded from what is collated."""
    found = []
    for turn in turns:
        for numbers in data.batches(200, turn):
            batch = data.batch(numbers, turn)
            assert data.tokens(numbers, turn) == int((batch.target_out != 0).sum())
            sides = (data.codec.source.decode(batch.source.tolist()),
                     data.codec.target.decode(batch.target_out.tolist()))  # fmt: skip
            found += zip(*sides, strict=True)
    return found


@pytest.mark.parametrize("dropout", [0, 0.2])
def test_blocks_have_every_row_once_in_each_epoch(small, tmp_path, dropout):
    made = written(tmp_path / "data", tokenizer={"vocab": 340, "dropout": dropout})
    data = prepare(made, 1, None, tmp_path)
    expected = Counter((r.source, r.target) for r in made.rows("train", drop_empty=True).rows)
    assert data.blocks == 4 and (len(data.corpus), data.corpus.dropped) == (380, 20)
    epochs = [pairs_of(data, range(4 * epoch, 4 * epoch + 4)) for epoch in range(2)]
    assert Counter(epochs[0]) == Counter(epochs[1]) == expected and epochs[0] != epochs[1]
    assert pairs_of(data, [2]) == pairs_of(prepare(made, 1, data.codec, tmp_path), [2])
    assert pairs_of(data, [2]) != pairs_of(prepare(made, 2, data.codec, tmp_path), [2])
    assert (tmp_path / "encoded").exists() == (dropout == 0)  # with it there is nothing to keep
    assert data.at_hand == 2 and 0 < data.waste(data.batches(200, 2), 2) < 0.5


def test_a_corpus_of_one_block_leaves_no_file(tmp_path):
    data = prepare(written(tmp_path / "data"), 1, None, tmp_path)
    assert data.blocks == 1 and {p.name for p in tmp_path.iterdir()} == {"data"}
    assert data.stores(0) is data.stores(5)


def test_long_rows_are_counted_by_what_a_block_shows(small, tmp_path):
    made = written(tmp_path / "data", 1500, max_length=10)
    data = prepare(made, 1, None, tmp_path)
    alone = written(tmp_path / "all", 1500, max_length=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "BLOCK", 10_000)
        exact = prepare(alone, 1, data.codec).too_long
    assert 0.7 * exact < data.too_long < 1.3 * exact


def test_what_is_kept_is_found_again_and_nothing_read(small, tmp_path, monkeypatch):
    made = written(tmp_path / "data")
    first = prepare(made, 1, None, tmp_path)
    first.codec.save(tmp_path / "tokenizer")
    files = {p.name: p.read_bytes() for p in (tmp_path / "encoded").iterdir()}
    assert set(files) == {"about.json", *(f"{side}.{end}" for side in ("source", "target")
                                          for end in ("tokens", "offsets"))}  # fmt: skip
    monkeypatch.setattr(Texts, "of", None)  # whoever reads, falls
    again = prepare(made, 1, Codec.load(tmp_path / "tokenizer", made), tmp_path)
    assert pairs_of(first, range(4)) == pairs_of(again, range(4))
    assert again.corpus.dropped == first.corpus.dropped == 20
    assert {p.name: p.read_bytes() for p in (tmp_path / "encoded").iterdir()} == files


def cut(folder):
    data = (folder / "target.tokens").read_bytes()
    (folder / "target.tokens").write_bytes(data[:-2])


def empty(folder):
    (folder / "source.offsets").write_bytes(b"")


def gone(folder):
    (folder / "source.tokens").unlink()


def no_json(folder):
    (folder / "about.json").write_text("{")


def no_facts(folder):
    (folder / "about.json").write_text("[1]")


def other_format(folder):
    about = json.loads((folder / "about.json").read_text())
    (folder / "about.json").write_text(json.dumps({**about, "mark": "of old"}))


@pytest.mark.parametrize("harm", [cut, empty, gone, no_json, no_facts, other_format])
def test_what_is_not_whole_is_made_anew(small, tmp_path, harm):
    made = written(tmp_path / "data")
    first = prepare(made, 1, None, tmp_path)
    expected = pairs_of(first, range(4))
    wanted = {p.name: p.read_bytes() for p in (tmp_path / "encoded").iterdir()}
    harm(tmp_path / "encoded")
    (tmp_path / ".encoded.part").mkdir()  # as a killed writer leaves it
    (tmp_path / ".encoded.part" / "source.tokens").write_bytes(b"half")
    again = prepare(made, 1, first.codec, tmp_path)
    assert pairs_of(again, range(4)) == expected
    assert {p.name: p.read_bytes() for p in (tmp_path / "encoded").iterdir()} == wanted
    assert {p.name for p in tmp_path.iterdir()} == {"data", "encoded"}


def test_another_corpus_or_tokenizer_is_encoded_anew(small, tmp_path):
    made = written(tmp_path / "data")
    first = prepare(made, 1, None, tmp_path)
    table = tmp_path / "data" / "train.tsv"
    table.write_text(table.read_text("utf-8").replace("hund", "band", 1), "utf-8")  # of equal size
    second = prepare(made, 1, first.codec, tmp_path)
    changed = Counter(pairs_of(second, range(4))) - Counter(pairs_of(first, range(4)))
    assert len(changed) == 1 and "band" in next(iter(changed))[0]
    codec = Codec.train(config(tokenizer="char"), rows(50))
    third = prepare(made, 1, codec, tmp_path)
    assert Counter(pairs_of(third, range(4))) == Counter(pairs_of(second, range(4)))
    assert third.corpus.about("")["tokens"] > second.corpus.about("")["tokens"]


def test_a_full_disk_leaves_nothing_behind(small, tmp_path, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.Shelf, "flush", full)
    with pytest.raises(OSError, match="No space"):
        prepare(written(tmp_path / "data"), 1, None, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"data"}


def test_a_vocabulary_too_large_for_two_bytes_takes_four():
    codec = Codec.train(config(), rows(50))
    assert encoded.kinds_of(codec) == [np.uint16, np.uint16]
    codec.target.size = 2**16 + 1  # one object serves both sides
    assert encoded.kinds_of(codec) == [np.int32, np.int32]


# Texts


def test_texts_are_the_rows_that_are_not_blank(small, tmp_path):
    made = written(tmp_path / "data")
    whole = made.rows("train", drop_empty=True)
    found = Texts.of(made.stream("train"), tmp_path)
    assert list(found) == whole.rows and (len(found), found.dropped) == (380, whole.dropped)
    assert list(found.rows([(370, 380), (5, 5), (0, 100)])) == whole.rows[370:] + whole.rows[:100]


def test_a_sample_is_taken_evenly_and_by_seed(small):
    found = Texts.of(rows(1000))
    for count, row in enumerate(found):
        assert row.direction == "de-en" and count < 1000
    assert list(found.sample(1000, 1)) == list(found)
    sample = found.sample(100, 1)
    numbers = sample.numbers
    assert list(sample) == list(sample) == [list(found)[i] for i in numbers]
    assert (numbers // 10).tolist() == list(range(100))  # one of every ten
    assert np.array_equal(numbers, found.sample(100, 1).numbers)
    assert not np.array_equal(numbers, found.sample(100, 2).numbers)


def test_tokenizers_are_learnt_from_all_of_a_small_corpus_and_a_sample_of_a_large_one(
    tmp_path, monkeypatch
):
    made = written(tmp_path / "data")
    every = Codec.train(made, made.rows("train", drop_empty=True).rows)
    assert prepare(made, 1, None).codec.source.names == every.source.names
    monkeypatch.setattr(parallel, "SAMPLE", 3)
    few = prepare(made, 1, None).codec.source.names
    assert few == prepare(made, 1, None).codec.source.names and len(few) < len(every.source.names)


# Memory


def test_memory_does_not_grow_with_the_corpus(small, tmp_path):
    """Of an epoch's batches, once the corpus has more rows than a block, a chunk and a sample."""
    codec, peaks = Codec.train(config(), rows(100)), []
    for count in (1000, 4000):
        made = written(tmp_path / f"{count}", count)
        tracemalloc.start()
        data = prepare(made, 1, codec, tmp_path / f"run{count}")
        taken = sum(len(b) for turn in range(data.blocks) for b in data.batches(200, turn))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert taken == len(data.corpus) == count * 0.95
    assert peaks[1] < 1.3 * peaks[0]


# Training


@pytest.mark.parametrize("dropout", [0, 0.2])
def test_a_run_of_several_blocks_resumes_exactly(tmp_path, monkeypatch, dropout):
    """Cut inside blocks, at their ends, and at the end of an epoch."""
    monkeypatch.setattr(batching, "BLOCK", 20)
    monkeypatch.setattr(batching, "STRETCH", 3)
    monkeypatch.setattr(report, "SHOW", 4)
    changes = [*SURE, f"data.tokenizer.dropout={dropout}"]
    made = recipe(corpus(tmp_path / "data"), changes, steps=18, every=6)
    straight = train(made, tmp_path / "straight", quiet=True)
    for until in (2, 5, 9, None):
        stopped = train(made, tmp_path / "stopped", quiet=True, until=until)
    assert differences(straight, stopped) == []
    assert metrics(straight) == metrics(stopped) and facts(straight) == facts(stopped)
    assert stopped.info()["data"]["train_rows"] == 48
    places = [json.loads(line)["epoch"] for line in stopped.metrics.read_text().splitlines()]
    assert places == sorted(places) and 1 <= places[-1] < 18 / 3  # of all blocks, not of one
    assert stopped.info()["epochs"] == places[-1] + 1
    assert not list(stopped.folder.rglob(".*.part"))
