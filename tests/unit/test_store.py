"""Rows in flat arrays: what goes in comes out, whole or in stretches, from memory or from files."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regard.data import store
from regard.data.batching import pad
from regard.data.store import Shelf, Store

KINDS = {np.int32: 2**31 - 1, np.uint16: 2**16 - 1}
ROWS = st.lists(st.lists(st.integers(1, 2**16 - 1), max_size=9), max_size=9)
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=9)


def lists(rows: Store) -> list[list[int]]:
    return [rows[i].tolist() for i in range(len(rows))]


@settings(max_examples=100)
@given(st.sampled_from(list(KINDS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.lists(st.integers(1, KINDS[kind]))))
))  # fmt: skip
def test_store_gives_back_what_it_was_given(given):
    kind, rows = given
    packed = Store.of(iter(rows), kind)
    assert lists(packed) == rows
    assert packed.lengths.tolist() == [len(row) for row in rows]
    assert packed.flat.dtype == kind
    if rows:
        assert packed[-1].tolist() == rows[-1]
    with pytest.raises(IndexError):
        packed[len(rows)]


def test_a_number_too_large_is_refused():
    with pytest.raises(OverflowError):
        Store.of([[2**16]], np.uint16)


@settings(max_examples=100)
@given(TEXTS)
def test_texts_come_back_whatever_they_are(texts):
    assert Store.of_texts(texts).texts == texts


@settings(max_examples=100)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_joined_has_the_rows_of_all(parts):
    joined = Store.joined([Store.of(rows) for rows in parts])
    assert lists(joined) == [row for rows in parts for row in rows]


@settings(max_examples=100)
@given(ROWS, st.data())
def test_padded_is_what_pad_makes_of_the_rows(rows, data):
    packed = Store.of(rows, np.uint16)
    some = st.lists(st.integers(0, len(rows) - 1), max_size=9) if rows else st.just([])
    numbers = data.draw(some)
    found = packed.padded(np.array(numbers, np.int64))
    assert found.dtype == np.int64
    assert torch.equal(torch.from_numpy(found), pad([packed[i] for i in numbers]))


def shelves(folder):
    """One of each kind; the second is too large for memory from its first number on."""
    yield Shelf.nameless(np.uint16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "SMALL", 1)
        yield Shelf.nameless(np.uint16, folder)
    yield Shelf.at(folder / "rows", np.uint16, new=True)


@settings(max_examples=40)
@given(parts=st.lists(ROWS, max_size=4), data=st.data())
def test_a_shelf_gives_back_any_stretch(parts, data, tmp_path_factory):
    rows = [row for part in parts for row in part]
    start = data.draw(st.integers(0, len(rows)))
    stop = data.draw(st.integers(start, len(rows)))
    folder = tmp_path_factory.mktemp("shelf")
    for shelf in shelves(folder):
        for part in parts:
            shelf.add(Store.of(part, np.uint16))
            assert lists(shelf.read(0, len(shelf)))[len(shelf) - len(part) :] == part
        assert (len(shelf), shelf.numbers) == (len(rows), sum(map(len, rows)))
        assert lists(shelf.read(start, stop)) == rows[start:stop]
    shelf.flush()
    again = Shelf.at(folder / "rows", np.uint16)
    assert lists(again.read(start, stop)) == rows[start:stop]
    assert {file.name for file in folder.iterdir()} == {"rows.tokens", "rows.offsets"}
