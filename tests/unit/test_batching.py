"""Batches: every row once, within the budget, little padding, another plan each epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regard.data.batching import Store, ok, pad, plan, waste


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


ROWS = st.lists(st.lists(st.integers(1, 2**31 - 1), max_size=9), max_size=9)


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_store_gives_back_what_it_was_given(rows):
    store = Store.of(iter(rows))
    assert [store[i].tolist() for i in range(len(store))] == rows
    assert store.lengths.tolist() == [len(row) for row in rows]
    assert store.flat.dtype == np.int32
    if rows:
        assert store[-1].tolist() == rows[-1]
    with pytest.raises(IndexError):
        store[len(rows)]


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
