"""Rows as an encoder reads them: framed, cut as BERT does, padded, told apart by segment."""

import random

import numpy as np
import pytest
import torch

from regard.data.reading import Frame, collate, frame, framed, lengths
from regard.data.tokenizer import bpe
from regard.data.tokenizer.base import BOS, EOS, PAD


def naive(parts, longest):
    """Token by token off the longer text, off the second where they are alike."""
    parts = [list(part) for part in parts]
    while sum(map(len, parts)) + 1 + len(parts) > longest and any(parts):
        longer = parts[0] if len(parts) == 1 or len(parts[0]) > len(parts[1]) else parts[1]
        longer.pop()
    ids = [BOS]
    for part in parts:
        ids += [*part, EOS]
    return Frame(ids, len(parts[0]) + 2)


@pytest.mark.parametrize("texts", [1, 2])
def test_a_row_is_framed_and_cut_as_the_naive_loop_does(texts):
    rng = random.Random(texts)
    for _ in range(2000):
        longest = rng.randint(8, 24)
        parts = [[rng.randint(4, 99) for _ in range(rng.randint(0, 20))] for _ in range(texts)]
        found = frame(parts, longest)
        assert found == naive(parts, longest), (parts, longest)
        assert len(found.ids) <= longest


def test_both_texts_of_every_length_are_cut_alike():
    for first in range(16):
        for second in range(16):
            parts = [list(range(10, 10 + first)), list(range(50, 50 + second))]
            for longest in (8, 9, 12):
                assert frame(parts, longest) == naive(parts, longest), (first, second, longest)


def test_texts_become_frames_in_order():
    tokens = bpe.Config(vocab=300).train(["a tree and the sun", "mud"] * 3)
    rows = [("a tree", "the sun"), ("mud", "a"), ("", "sun")]
    found = framed(tokens, rows, 100)
    for row, one in zip(rows, found, strict=True):
        first, second = tokens.encode(row)
        assert one == Frame([BOS, *first, EOS, *second, EOS], len(first) + 2)
    assert framed(tokens, [], 100) == []
    alone = framed(tokens, [("a tree",)], 100)[0]
    assert alone.ids == [BOS, *tokens.encode(["a tree"])[0], EOS] and alone.second == len(alone.ids)


def test_a_batch_tells_padding_and_segments_apart():
    frames = [
        Frame([BOS, 7, EOS, 8, 9, EOS], 3),
        Frame([BOS, 5, EOS], 3),
        Frame([BOS, EOS, EOS], 2),
    ]
    batch = collate(frames)
    assert batch.tokens.tolist() == [
        [BOS, 7, EOS, 8, 9, EOS], [BOS, 5, EOS, PAD, PAD, PAD], [BOS, EOS, EOS, PAD, PAD, PAD],
    ]  # fmt: skip
    assert batch.ok.tolist() == [[i < n for i in range(6)] for n in (6, 3, 3)]
    assert batch.segments.tolist() == [[0, 0, 0, 1, 1, 1], [0] * 6, [0, 0, 1, 0, 0, 0]]
    assert batch.segments.dtype == torch.long
    moved = batch.to("cpu")
    assert type(moved) is type(batch) and torch.equal(moved.segments, batch.segments)
    assert lengths(frames).tolist() == [[6], [3], [3]]
    assert lengths([]).shape == (0, 1) and lengths([]).dtype == np.int64
