"""Batches: every row once, within the budget, little padding, another plan each epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regard.data import batching
from regard.data.batching import blocks_of, ok, pad, plan, stretches, waste


def pairs(number: int, seed: int = 0) -> np.ndarray:
    """Lengths like those of image captions in two languages: skewed, correlated, (N, 2)."""
    rng = np.random.default_rng(seed)
    source = 4 + rng.gamma(6.0, 2.1, number)
    target = source * rng.normal(0.96, 0.17, number)
    return np.maximum(np.stack([source, target], 1).astype(np.int64), 2)


LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=80)


@settings(max_examples=150, deadline=None)
@given(LENGTHS, st.integers(1, 200), st.one_of(st.none(), st.integers(1, 9)), st.integers(0, 3))
def test_every_row_once_and_no_batch_over_budget(rows, budget, rows_max, epoch):
    lengths = np.array(rows)
    batches = plan(lengths, budget, seed=1, epoch=epoch, rows_max=rows_max)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget
        assert rows_max is None or len(batch) <= rows_max


def test_one_side_is_enough_and_nothing_gives_nothing():
    lengths = pairs(500)[:, :1]
    batches = plan(lengths, 200, seed=0, epoch=0)
    assert sorted(np.concatenate(batches)) == list(range(500))
    assert waste(batches, lengths) < 0.05
    assert plan(np.zeros((0, 2), np.int64), 100, seed=0, epoch=0) == []


def test_little_is_padding_and_the_budget_is_used():
    lengths = pairs(29_000)
    for epoch in range(3):
        batches = plan(lengths, 2560, seed=3, epoch=epoch)
        assert waste(batches, lengths) < 0.055
        full = [len(batch) * lengths[batch].max() / 2560 for batch in batches]
        assert np.mean(full) > 0.95
    at_random = np.array_split(np.random.default_rng(0).permutation(29_000), len(batches))
    assert waste(at_random, lengths) > 0.4


def test_waste_is_the_share_of_padding_of_both_sides():
    lengths = np.array([[3, 5], [1, 5], [4, 2]])
    # 2 x (3 + 5) + 1 x (4 + 2) places, of which 20 are filled.
    assert waste([np.array([0, 1]), np.array([2])], lengths) == pytest.approx(1 - 20 / 22)
    assert waste([], lengths[:0]) == 0


def test_plan_is_a_function_of_seed_and_epoch():
    lengths = pairs(3000)
    first = plan(lengths, 600, seed=1, epoch=0)
    again = plan(lengths.copy(), 600, seed=1, epoch=0)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    for seed, epoch in ((1, 1), (2, 0)):
        other = plan(lengths, 600, seed=seed, epoch=epoch)
        same = {frozenset(b.tolist()) for b in first} & {frozenset(b.tolist()) for b in other}
        assert len(same) < 0.1 * len(first)  # other members, not only another order


def test_batches_come_in_random_order():
    lengths = pairs(3000)
    sizes = [lengths[batch].max() for batch in plan(lengths, 600, seed=1, epoch=0)]
    assert abs(np.corrcoef(sizes, np.arange(len(sizes)))[0, 1]) < 0.3


# Blocks


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 500), st.integers(1, 90), st.integers(1, 30), st.integers(0, 3))
def test_the_blocks_of_an_epoch_have_every_row_once(rows, block, stretch, epoch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "BLOCK", block)
        patch.setattr(batching, "STRETCH", stretch)
        blocks = blocks_of(rows)
        made = [stretches(rows, seed=1, turn=epoch * blocks + i) for i in range(blocks)]
    taken = [[i for start, stop in block for i in range(start, stop)] for block in made]
    assert sorted(sum(taken, [])) == list(range(rows))
    assert all(numbers == sorted(numbers) for numbers in taken)
    assert max(map(len, taken)) <= (rows if blocks == 1 else block + 2 * stretch)


def test_one_block_is_the_corpus_as_it_is_and_more_differ_by_epoch(monkeypatch):
    assert stretches(batching.BLOCK, seed=1, turn=7) == [(0, batching.BLOCK)]
    assert blocks_of(batching.BLOCK + 1) == 2
    monkeypatch.setattr(batching, "BLOCK", 1000)
    monkeypatch.setattr(batching, "STRETCH", 10)
    of = {(seed, turn): stretches(4000, seed=seed, turn=turn) for seed in (1, 2) for turn in (0, 4)}
    assert of[1, 0] == stretches(4000, seed=1, turn=0)
    for other in (of[1, 4], of[2, 0]):
        assert 10 < len(set(of[1, 0]) & set(other)) < 50  # of 100, a quarter by chance
    ends = np.array(of[1, 0])[:, 1]
    assert ends.min() < 400 and ends.max() > 3600  # from everywhere


ROWS = st.lists(st.lists(st.integers(1, 2**31 - 1), max_size=9), max_size=9)


@settings(max_examples=100, deadline=None)
@given(ROWS, st.booleans())
def test_pad_keeps_tokens_in_order_on_their_side(rows, left):
    tokens = pad(rows, left=left)
    assert tokens.dtype == torch.int64
    assert tokens.shape == (len(rows), max(map(len, rows), default=0))
    inside = ok(tokens)
    for row, line, mask in zip(rows, tokens, inside, strict=True):
        assert line[mask].tolist() == row
        edge = mask.flip(0) if left else mask
        assert edge.tolist() == [True] * len(row) + [False] * (len(mask) - len(row))


def test_pad_takes_arrays_and_another_filler():
    tokens = pad([np.array([4, 5], np.int32), np.array([6], np.int32)], pad=9)
    assert tokens.tolist() == [[4, 5], [6, 9]]
    assert ok(tokens, 9).tolist() == [[True, True], [True, False]]
