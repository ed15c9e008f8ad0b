"""Pre-training on hidden tokens: what is hidden, the loss, what is learnt, and going on from it."""

from collections import Counter

import numpy as np
import pytest
import torch
from pretraining_toys import DICED, WORDS, begun, corpus, labelled, recipe, trained
from safetensors.torch import load_file

from regard import recipe as recipes
from regard.api import load
from regard.data import mono
from regard.data.tokenizer.base import BOS, EOS
from regard.recipe import UserError
from regard.tasks.hiding import MASK

KINDS = ["mlm", "bert", "electra"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("toy"))


def all_rows(task, turn=0, budget=600):
    return [(rows, task.batch(rows, turn)) for rows in task.batches(budget, turn)]


# What is hidden


@pytest.mark.parametrize("kind", KINDS)
def test_a_turn_has_every_row_once_and_weights_are_what_is_told(tmp_path, data, kind):
    task = begun(tmp_path, recipe(kind, data))
    found = all_rows(task)
    numbers = np.concatenate([rows for rows, _ in found])
    assert sorted(numbers.tolist()) == list(range(len(task.train_rows.ids)))
    for rows, batch in found:
        assert task.weight(rows, 0) == int(batch.chosen.sum()) >= len(rows)
        real = batch.was > EOS
        assert not batch.chosen[~real].any() and (batch.ok == (batch.was > 0)).all()
        assert torch.equal(batch.tokens[~batch.chosen], batch.was[~batch.chosen])
        assert (batch.was[:, 0] == BOS).all()


def test_shares_are_bert_s(tmp_path, data):
    task = begun(tmp_path, recipe("mlm", data, "masking.rate=0.3", "data.max_length=500"))
    fates, chosen, words = Counter(), 0, 0
    for turn in range(12):
        now = task.turn(turn)
        told, was = now.tokens[now.chosen], now.was[now.chosen]
        fates["mask"] += int((told == task.mask).sum())
        fates["kept"] += int((told == was).sum())
        fates["other"] += int(((told != task.mask) & (told != was)).sum())
        assert (told[told != task.mask] >= len(task.tokenizer.facts.specials)).all()
        chosen, words = chosen + len(told), words + int((now.was > EOS).sum())
    assert chosen / words == pytest.approx(0.3, abs=0.005) and chosen > 5000
    for fate, share in {"mask": 0.8, "kept": 0.1, "other": 0.1}.items():
        assert fates[fate] / chosen == pytest.approx(share, abs=4 * (0.16 / chosen) ** 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_chance_is_seed_and_turn_s_alone(tmp_path, data, kind):
    """So a resumed run, or another process, hides the same; and parts of a batch are its rows."""
    one, same = (begun(tmp_path / x, recipe(kind, data)) for x in "ab")
    other = begun(tmp_path / "c", recipe(kind, data, "seed=4"))
    same.batches(600, 1)  # another turn before
    rows = one.batches(600, 0)[0]
    batch = one.batch(rows, 0)
    for part in range(3):
        again = same.batch(rows[part::3], 0)
        width = again.was.size(1)
        for name in ("tokens", "was", "chosen", "segments"):
            assert torch.equal(getattr(batch, name)[part::3, :width], getattr(again, name))
    assert not np.array_equal(one.turn(0).chosen, one.turn(1).chosen)
    assert not np.array_equal(one.turn(0).chosen, other.turn(0).chosen)
    dev = [[b.tokens for b in task.dev_batches(torch.device("cpu"))] for task in (one, same)]
    assert all(torch.equal(a, b) for a, b in zip(*dev, strict=True))


def test_whole_words_begin_where_they_are_written(tmp_path, data):
    task = begun(tmp_path, recipe("mlm", data, "masking=word"))
    now = task.turn(0)
    for a, b in zip(now.begin[:40], now.begin[1:41], strict=True):
        hidden = now.chosen[a:b]
        pieces = task.tokenizer.pieces(now.was[a:b].tolist())
        for i in range(2, b - a - 1):
            if not pieces[i].startswith("▁"):
                assert hidden[i] == hidden[i - 1], pieces


# Loss and learning


@pytest.mark.parametrize("kind", ["mlm", "bert"])
def test_the_loss_is_that_of_a_plain_loop(tmp_path, data, kind):
    task = begun(tmp_path, recipe(kind, data))
    task.model.eval()
    batch = task.batch(task.batches(300, 0)[0], 0)
    found = task.loss(batch)
    model, total, rows = task.model, 0.0, 0.0
    x = model.reader(batch.tokens, batch.ok, batch.segments).x
    for n, s in batch.chosen.nonzero().tolist():
        h = model.norm(torch.nn.functional.gelu(model.dense(x[n, s])))
        logits = model.reader.embed.weight @ h + model.bias
        total -= logits.log_softmax(0)[batch.was[n, s]]
    torch.testing.assert_close(found.shown["nll"], total.detach())
    if kind == "bert":
        for n, follows in enumerate(batch.follows.tolist()):
            p = model.pair(x[n, 0])[0].sigmoid()
            rows -= torch.log(p if follows else 1 - p)
        rows *= sum(task.dev_turn.chosen) / len(task.dev_rows.ids)
    torch.testing.assert_close(found.total, total + rows)
    found.total.backward()
    assert all(p.grad is not None for p in model.parameters())


def test_it_learns_a_language_in_which_neighbours_tell(tmp_path):
    data = corpus(tmp_path / "data", rows=200, longest=60)
    changes = ["masking=word", "kept=0", "other=0", "model.encoder.position=rotary"]
    made = recipe("mlm", data, *changes, steps=100, every=100, batch_tokens=1000)
    run = trained(tmp_path / "run", made)
    assert run.info()["dev_score"] > 88  # words near the ends of sentences cannot be told
    task = made.begin(run)
    task.model.load_state_dict(load_file(run.model))
    task.model.eval()
    (row,) = task.rows([(" ".join(WORDS[1:10]),)])
    tokens = torch.from_numpy(row).long()[None]
    place = next(i for i in range(6, len(row)) if task.begins[row[i]])
    tokens[0, place] = task.tokenizer.special(MASK)
    hidden = task.model.hidden(task.model.reader(tokens).x[0, place])
    assert int((task.model.head[0] @ hidden + task.model.head[1]).argmax()) == row[place]


def test_a_second_text_follows_the_first_or_not(tmp_path, data):
    task = begun(tmp_path, recipe("bert", data))
    ids, last = [row.tolist()[1:-1] for row in task.train_rows.ids], len(task.train_rows.ids) - 1
    follows, count = 0, 0
    for turn in range(8):
        now = task.turn(turn)
        for i, told in enumerate(now.follows.tolist()):
            row = now.was[now.begin[i] : now.begin[i + 1]].tolist()
            assert row[1:].index(EOS) and row[1 : row.index(EOS)] == ids[i]
            second = row[row.index(EOS) + 1 : -1]
            assert (i < last and second == ids[i + 1]) if told else second in ids
            follows, count = follows + told, count + 1
    assert follows / count == pytest.approx(0.5, abs=4 * (0.25 / count) ** 0.5)
    batch = task.batch(task.batches(600, 0)[0], 0)
    ends = (batch.was == EOS).cumsum(1) - (batch.was == EOS).long()
    assert torch.equal(batch.segments, (ends == 1).long()) and batch.segments.any()
    none = begun(tmp_path / "none", recipe("bert", data, "unrelated=0"))
    assert none.turn(0).follows.tolist() == [True] * last + [False]


# Going on


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_changes_nothing(tmp_path, data, kind):
    """In the middle of a turn, between two looks at dev, which draws as well."""
    made = recipe(kind, data, *DICED, steps=7, every=3)
    straight = trained(tmp_path / "a", made)
    trained(tmp_path / "b", made, until=5)
    again = trained(tmp_path / "b", made)
    one, other = load_file(straight.model), load_file(again.model)
    assert one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)
    assert straight.info()["history"] == again.info()["history"]


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_a_batch_add_up_to_it(tmp_path, data, kind):
    """Electra's generator is made to draw the same token everywhere."""
    made = recipe(kind, data)
    task = begun(tmp_path, made)
    task.model.eval()
    rows = task.batches(600, 0)[0]
    if kind == "electra":
        with torch.no_grad():
            task.model.generator.bias[7] = 1e4
    whole = task.loss(task.batch(rows, 0)).total
    parts = sum(task.loss(task.batch(rows[i::3], 0)).total for i in range(3))
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_its_reader_starts_a_classifier_and_goes_on_with_other_texts(tmp_path, data, kind):
    old = trained(tmp_path / "old", recipe(kind, data, steps=6, every=6))
    weights = load_file(old.model)
    rows = labelled(tmp_path / "rows")
    said = {"task": "classify", "data": {"dir": str(rows)}, "start": str(old.folder),
            "train": {"steps": 2, "every": 2}}  # fmt: skip
    run = trained(tmp_path / "new", recipes.make(said))
    begun_with = load_file(run.initial)
    readers = {k for k in weights if k.startswith("reader.")}
    assert readers == begun_with.keys() and len(readers) > 5
    assert all(torch.equal(weights[k], begun_with[k]) for k in readers)
    assert load(run, device="cpu").classify([("ba cuda fe",)])[0].label in "01"
    # its own kind goes on with all that it has
    other = corpus(tmp_path / "other", seed=9, words=WORDS[::-1])
    on = begun(tmp_path / "on", recipe(kind, other, f"start={old.folder}"))
    own = on.model.state_dict()
    taken = {k for k in weights if not k.startswith("pair.")}
    assert all(torch.equal(own[k], weights[k]) for k in taken)


# Corpora


def source(folder, rows, name):
    (folder / f"{name}.txt").write_text("".join(f"{name} {i}\n" for i in range(rows)), "utf-8")


def test_corpora_are_mixed_by_temperature(tmp_path):
    sizes, draws = {"a": 900, "b": 90, "c": 30}, Counter()
    for name, rows in sizes.items():
        source(tmp_path, rows + 10, name)
    parts = ", ".join(f"{{corpus: {{train: {name}}}}}" for name in sizes)
    made = recipe("mlm", tmp_path, f"data.parts=[{parts}]", "data.temperature=2", "data.held=10",
                  "data.pack=false")  # fmt: skip
    task = begun(tmp_path / "run", made)
    assert task.train_rows.sizes == list(sizes.values())
    for turn in range(3):
        now = task.turn(turn)
        firsts = [now.was[a:b].tolist() for a, b in zip(now.begin, now.begin[1:], strict=False)]
        draws.update(text.split()[0] for text in task.tokenizer.decode(firsts))
    roots = {name: rows**0.5 for name, rows in sizes.items()}
    for name in sizes:
        wanted = 3 * 1020 * roots[name] / sum(roots.values())
        assert draws[name] == pytest.approx(wanted, abs=3)


@pytest.mark.parametrize("temperature", [1, 1.5, 5])
def test_shares_are_as_the_formula_says(temperature):
    sizes = [5000, 400, 40]
    found = mono.drawn(sizes, temperature, np.random.default_rng(0))
    share = np.array(sizes) ** (1 / temperature)
    counts, _ = np.histogram(found, [0, 5000, 5400, 5440])
    assert np.abs(counts - 5440 * share / share.sum()).max() <= 1
    _, often = np.unique(found[found >= 5400], return_counts=True)
    assert often.max() - often.min() <= 1, "rows of a corpus are gone through evenly"
    if temperature == 1:
        assert found.tolist() == list(range(5440))


def test_no_text_of_dev_is_in_training(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"row {i % 40}\n" for i in range(100)), "utf-8")
    (tmp_path / "b.tsv").write_text("x\ty\n" + "".join(f"row {i}\tzeile {i}\n" for i in range(60)))
    pairs = {"corpus": {"kind": "tsv", "train": "b"}, "column": ["x", "y"]}
    parts = ({"corpus": {"train": "a"}}, pairs)
    found = mono.Config(parts=parts, dir=str(tmp_path), held=7).splits()
    dev = {text for split in found for row in split.dev for text in row}
    train = {text for split in found for row in split.train for text in row}
    assert [len(split.dev) for split in found] == [7, 7] and len(dev) > 14
    assert not dev & train and len(train) > 50
    packed = mono.Config(parts=parts[:1], dir=str(tmp_path), held=7, pack=True).splits()[0]
    assert packed.train + packed.dev == [(f"row {i % 40}",) for i in range(100)]
    assert len(packed.dev) == 7


def test_a_text_and_its_translation_are_one_row(tmp_path):
    table = "".join(f"ba fe {i}\tcuda hu {i}\n" for i in range(90))
    (tmp_path / "train.tsv").write_text("xx\tyy\n" + table, "utf-8")
    part = "{corpus: {kind: tsv}, column: [yy, xx]}"
    made = recipe("mlm", tmp_path, f"data.parts=[{part}]", "data.pack=false", "model.segments=2")
    task = begun(tmp_path / "run", made)
    batch = task.batch(task.batches(600, 0)[0], 0)
    for n, row in enumerate(batch.was.tolist()):
        second = row.index(EOS) + 1
        texts = task.tokenizer.decode([row[:second], row[second:]])
        assert texts[0].startswith("cuda hu ") and texts[1] == texts[0].replace("cuda hu", "ba fe")
        real = int(batch.ok[n].sum())
        assert batch.segments[n].tolist() == [int(second <= s < real) for s in range(len(row))]


def test_rows_that_are_too_long_are_cut_into_several():
    rows = [[1, 2, 3, 4, 5], [6], []]
    assert mono.cut(rows, 2, pack=False) == [[1, 2], [3, 4], [5], [6]]
    assert mono.cut(rows, 4, pack=True) == [[1, 2, 3, 4], [5, 6]]


# Sentences


def test_bad_input_is_told(tmp_path, data):
    with pytest.raises(
        UserError, match="data.held: 500 rows are kept for dev, and text .* has 300"
    ):
        begun(tmp_path / "a", recipe("mlm", data, "data.held=500"))
    with pytest.raises(UserError, match="data.pack: next sentences want running text"):
        begun(tmp_path / "b", recipe("bert", data, "data.pack=false"))
    pair = "data.parts=[{corpus: {kind: tsv}, column: [x, y]}]"
    with pytest.raises(UserError, match="data.pack: is for running text, not for pairs"):
        begun(tmp_path / "c", recipe("mlm", data, pair))
    rows = labelled(tmp_path / "rows")
    said = {"task": "classify", "data": {"dir": str(rows)}, "model": {"dim": 8},
            "train": {"steps": 1, "every": 1}}  # fmt: skip
    run = trained(tmp_path / "classifier", recipes.make(said))
    with pytest.raises(UserError, match="start: the tokenizer of .* has no <mask>"):
        begun(tmp_path / "d", recipe("mlm", data, f"start={run.folder}"))
    with pytest.raises(UserError, match="rows kept for dev are all that there are"):
        (tmp_path / "same").mkdir()
        (tmp_path / "same" / "train.txt").write_text("one row\n" * 60, "utf-8")
        begun(tmp_path / "e", recipe("mlm", tmp_path / "same", "data.pack=false"))
