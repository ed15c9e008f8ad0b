"""Parallel rows as batches: a function of seed and epoch; tags, vocabularies, what is left out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regard.data import parallel
from regard.data.corpus.base import Row
from regard.data.encoded import Fresh
from regard.data.parallel import Codec, Parallel, collate
from regard.data.texts import Texts
from regard.data.tokenizer.base import BOS, EOS, PAD
from regard.recipe import UserError
from regard.tasks.translate import spread

WORDS = ["ein", "hund", "rennt", "durch", "den", "tiefen", "schnee", "und", "die", "katze", "auf"]


def rows(count: int, direction: str = "de-en", seed: int = 0) -> list[Row]:
    """Rows of two to fifteen words whose target is the source backwards, upper-cased."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        words = list(rng.choice(WORDS, int(rng.integers(2, 16))))
        made.append(Row(" ".join(words), " ".join(words[::-1]).upper(), direction))
    return made


def config(**changes) -> parallel.Config:
    settings = {"corpus": "tsv", "directions": ["de-en"], "tokenizer": {"vocab": 340}, **changes}
    return parallel.Config.model_validate(settings)


def made(count: int = 400, seed: int = 1, **changes) -> Parallel:
    settings, text = config(**changes), rows(count)
    return parallel_of(settings, Codec.train(settings, text), text, seed)


def parallel_of(settings: parallel.Config, codec: Codec, text: list[Row], seed: int) -> Parallel:
    return Parallel(settings, codec, Fresh(Texts.of(text), codec), seed)


def same(a, b) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_batches_are_a_function_of_seed_and_epoch():
    one, two, other = made(), made(), made(seed=2)
    plans = [one.batches(300, epoch) for epoch in range(3)]
    assert [same(one.batches(300, epoch), plans[epoch]) for epoch in (2, 0, 1)] == [True] * 3
    assert all(same(two.batches(300, epoch), plans[epoch]) for epoch in (1, 0, 2))
    assert not same(plans[0], plans[1]) and not same(plans[0], other.batches(300, 0))
    for plan in plans:
        assert sorted(np.concatenate(plan)) == list(range(400))
        for batch in plan:
            held = one.batch(batch, 0)
            assert max(held.source.numel(), held.target_out.numel()) <= 300 or len(batch) == 1
    assert 0 < one.waste(plans[0], 0) < 0.3


def test_dropout_cuts_words_otherwise_each_epoch_and_repeats():
    data = made(tokenizer={"vocab": 340, "dropout": 0.3})
    again = made(tokenizer={"vocab": 340, "dropout": 0.3})
    reader, text = data.codec.target, rows(400)
    everything = np.arange(400)
    first, second = (data.batch(everything, epoch) for epoch in (0, 1))
    repeated = again.batch(everything, 1)  # another object, which begins with another epoch
    assert torch.equal(second.source, repeated.source)
    assert torch.equal(second.target_in, repeated.target_in)
    assert torch.equal(data.batch(everything, 0).source, first.source)  # and back again
    assert first.source.shape != second.source.shape or not torch.equal(first.source, second.source)
    for batch in (first, second):  # whatever the pieces, the text is the same
        assert reader.decode(batch.source.tolist()) == [row.source for row in text]
        assert reader.decode(batch.target_out.tolist()) == [row.target for row in text]
    assert data.tokens(everything, 1) == int((second.target_out != PAD).sum())
    other = made(seed=5, tokenizer={"vocab": 340, "dropout": 0.3}).batch(everything, 0)
    assert other.source.shape != first.source.shape or not torch.equal(other.source, first.source)


def test_without_dropout_epochs_are_encoded_once():
    data = made()
    assert data.stores(0)[0] is data.stores(7)[0] and data.at_hand == 0


def test_long_rows_are_left_out_and_counted():
    data = made(max_length=10)
    sources, targets = data.stores(0)
    longest = np.maximum(sources.lengths, targets.lengths)
    kept = np.concatenate(data.batches(200, 0))
    assert sorted(kept) == list(np.flatnonzero(longest <= 10)) and 0 < len(kept) < 400
    assert data.too_long == made(max_length=10).too_long == 400 - len(kept)
    assert 0 <= data.waste(data.batches(200, 0), 0) < 0.5
    assert made().too_long == 0
    with pytest.raises(UserError, match="data.max_length: no training row has 2 tokens or fewer"):
        made(max_length=2).batches(200, 0)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.lists(st.integers(3, 99), max_size=6)] * 2), min_size=1, max_size=5))
def test_targets_go_in_behind_bos_and_come_out_before_eos(pairs):
    batch = collate([[*s, EOS] for s, _ in pairs], [[*t, EOS] for _, t in pairs])
    assert torch.equal(batch.source_ok, batch.source != PAD)
    assert batch.target_in.shape == batch.target_out.shape
    for i, (source, target) in enumerate(pairs):
        n = len(target) + 1
        assert batch.source[i].tolist() == [*source, EOS] + [PAD] * (
            batch.source.size(1) - len(source) - 1
        )
        assert batch.target_in[i, :n].tolist() == [BOS, *target]
        assert batch.target_out[i, :n].tolist() == [*target, EOS]
        assert not batch.target_in[i, n:].any() and not batch.target_out[i, n:].any()
    there = batch.to("meta")
    assert there.source.device.type == there.target_out.device.type == "meta"
    assert there.source_ok.dtype == torch.bool and there.target_in.shape == batch.target_in.shape


def test_a_batch_holds_its_rows_in_order():
    data = made(50)
    chosen = np.array([7, 3, 49])
    batch, codec, text = data.batch(chosen, 0), data.codec, rows(50)
    assert codec.source.decode(batch.source.tolist()) == [text[i].source for i in chosen]
    assert codec.target.decode(batch.target_out.tolist()) == [text[i].target for i in chosen]


@pytest.mark.parametrize("shared", [True, False])
def test_one_vocabulary_or_two_saved_and_loaded(shared, tmp_path):
    settings = config(shared=shared)
    codec = Codec.train(settings, rows(200))
    assert (codec.source is codec.target) == shared
    if not shared:  # capitals are in the targets only, so the two have learnt other words
        assert any("HUND" in n for n in codec.target.names)
        assert not any("HUND" in n for n in codec.source.names)
    codec.save(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == ({"shared"} if shared else {"source", "target"})
    again = Codec.load(tmp_path, settings)
    assert (again.source is again.target) == shared
    text = ["ein HUND rennt 😀"]
    assert again.sources(text, ["de-en"]) == codec.sources(text, ["de-en"])
    assert again.targets(text) == codec.targets(text)
    assert again.target.decode(again.targets(text)) == text
    with pytest.raises(UserError, match="a run keeps it here"):
        Codec.load(tmp_path / "none", settings)


def test_tags_tell_directions_apart():
    names = ["de-en", "en-de", "fr-en"]
    settings = config(directions=names)
    text = [row for name in names for row in rows(40, name)]
    codec = Codec.train(settings, text)
    assert codec.tagged and codec.source.facts.specials[4:] == ("<2de>", "<2en>")
    ids = codec.sources(["hund"] * 3, names)
    assert [row[0] for row in ids] == [codec.source.special(t) for t in ("<2en>", "<2de>", "<2en>")]
    assert ids[0] == ids[2] and ids[0][1:] == ids[1][1:] and ids[0][-1] == EOS
    assert EOS not in codec.silent and set(codec.silent) == set(range(6)) - {EOS}
    data = parallel_of(settings, codec, text, 1)
    batch = data.batch(np.array([0, 40, 80]), 0)
    assert batch.source[:, 0].tolist() == [row[0] for row in ids]
    assert batch.target_in[:, 0].tolist() == [BOS] * 3  # only the source is tagged
    for name in names:
        assert codec.direction(name) == name
    with pytest.raises(UserError, match="no direction was asked for; .* de-en, en-de, fr-en"):
        codec.direction(None)
    with pytest.raises(UserError, match="no direction 'de-fr'"):
        codec.direction("de-fr")
    single = Codec.train(config(), rows(40))
    assert not single.tagged and single.direction(None) == "de-en"
    assert single.sources(["hund"], ["de-en"]) == [[*single.source.encode(["hund"])[0], EOS]]
    with pytest.raises(ValueError, match="shorter"):
        single.sources(["hund", "katze"], ["de-en"])


def test_a_folder_may_be_named_by_a_variable(tmp_path, monkeypatch):
    (tmp_path / "train.tsv").write_text("de\ten\nHund\tdog\n \tblank\n", "utf-8")
    monkeypatch.setenv("CORPORA", str(tmp_path.parent))
    settings = config(dir=f"$CORPORA/{tmp_path.name}")
    assert settings.rows("train").rows == [Row("Hund", "dog", "de-en"), Row(" ", "blank", "de-en")]
    assert settings.rows("train", drop_empty=True).dropped == 1
    assert settings.model_dump()["dir"].startswith("$CORPORA")  # a run says where, on any machine


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(0, 320))
def test_spread_takes_evenly_from_all(count, most):
    all_rows = [Row(str(i), "", "de-en") for i in range(count)]
    taken = [int(row.source) for row in spread(all_rows, most)]
    assert len(taken) == (min(count, most) or count)
    steps = np.diff([*taken, count])
    assert taken[0] == 0 and steps.min() >= 1 and steps.max() - steps.min() <= 1
