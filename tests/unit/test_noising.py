"""Each noise against what its paper says of it, and nothing of a text is ever lost for good."""

import numpy as np
import pytest

from regard.recipe import UserError, make
from regard.tasks.noising import deletion, infilling, permutation, rotation, span_corruption
from regard.tasks.noising.base import MASK, Known, Pair

IDS = {MASK: 4, **{f"<span{i}>": 5 + i for i in range(190)}}
BEGINS, ENDS = np.zeros(300, bool), np.zeros(300, bool)
ENDS[260], BEGINS[270:] = True, True  # 260 ends a sentence, 261 to 269 are inside words
KNOWN = Known(IDS, BEGINS, ENDS)


def text(n, rng):
    return rng.integers(200, 300, n).astype(np.int32)


def noised(config, row, seed=0):
    return config(Pair(row, row), KNOWN, np.random.default_rng(seed))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 64, 200])
@pytest.mark.parametrize("settings", [{}, {"rate": 0.5, "mean": 2.0}, {"rate": 0.9, "mean": 1.0}])
def test_spans_put_back_at_their_marks_give_the_text(n, settings):
    config, rng = span_corruption.Config(**settings), np.random.default_rng(n)
    for seed in range(20):
        row = text(n, rng)
        source, target = noised(config, row, seed)
        marks = set(IDS.values())
        spans: dict[int, list[int]] = {}
        for token in target.tolist():
            if token in marks:
                spans[token] = last = []
            else:
                last.append(token)
        back = [x for token in source.tolist() for x in spans.pop(token, [token])]
        assert back == row.tolist()
        assert len(spans) == 1 and not spans.popitem()[1], "the mark that ends the target"


def test_spans_are_as_many_as_the_rate_says_and_never_touch():
    config = span_corruption.Config()
    for seed in range(50):
        row = text(100, np.random.default_rng(seed))
        source, target = noised(config, row, seed)
        marks = [i for i, token in enumerate(source.tolist()) if token < 200]
        assert len(target) - len(marks) - 1 == 15 and len(marks) == 5  # round(0.15 n), / 3
        assert all(b - a > 1 for a, b in zip(marks, marks[1:], strict=False))
        assert [source[i] for i in marks] == [IDS[f"<span{k}>"] for k in range(5)]
    assert len(config.specials(100)) == 6


def test_every_place_can_be_in_a_span():
    row = np.arange(200, 220, dtype=np.int32)
    hidden = np.zeros(300, int)
    for seed in range(600):
        hidden[noised(span_corruption.Config(rate=0.25), row, seed).target] += 1
    assert (hidden[200:220] > 50).all() and (hidden[200:220] < 260).all()  # of 600, 150 each


def test_infilling_masks_the_rate_in_spans_of_a_poisson_length():
    config, found = infilling.Config(rate=0.3, mean=3.0), []
    for seed in range(300):
        row = np.arange(200, 300, dtype=np.int32)
        source, target = noised(config, row, seed)
        assert target is row
        left = source[source != IDS[MASK]]
        assert len(left) == 70 and (np.diff(left) > 0).all(), "70 of 100 stay, in their order"
        found += config.lengths(30, np.random.default_rng(seed))[:-1]  # the last is cut to fit
        assert (source == IDS[MASK]).sum() == len(config.lengths(30, np.random.default_rng(seed)))
    share = np.bincount(found, minlength=12)[:12] / len(found)
    poisson = [np.exp(-3) * 3**k / np.prod(np.arange(1, k + 1)) for k in range(12)]
    assert np.abs(share - poisson).max() < 0.03 and share[0] > 0.02, "empty spans too"


def test_deletion_leaves_out_the_rate_and_keeps_the_order():
    for n, gone in ((1, 0), (2, 1), (20, 3), (100, 15)):
        row = np.arange(200, 200 + n, dtype=np.int32)
        source, target = noised(deletion.Config(), row, n)
        assert len(source) == n - gone and (np.diff(source) > 0).all() and target is row


def test_sentences_are_permuted_whole():
    row = np.array([270, 261, 260, 271, 260, 272, 262, 260, 263, 273, 260], np.int32)
    # 260 before 263, which begins no word, is no end
    sentences = [(270, 261, 260), (271, 260), (272, 262, 260, 263, 273, 260)]
    seen = set()
    for seed in range(60):
        source = noised(permutation.Config(), row, seed).source.tolist()
        order = sorted(sentences, key=lambda s: source.index(s[0]))
        assert source == [token for one in order for token in one]
        seen.add(tuple(source))
    assert len(seen) == 6
    alone = np.array([270, 261], np.int32)
    assert noised(permutation.Config(), alone).source.tolist() == [270, 261]


def test_rotation_keeps_the_circle_and_begins_anywhere():
    row = np.arange(200, 208, dtype=np.int32)
    begins = set()
    for seed in range(100):
        source = noised(rotation.Config(), row, seed).source.tolist()
        at = source.index(200)
        assert source[at:] + source[:at] == row.tolist()
        begins.add(source[0])
    assert begins == set(row.tolist())


@pytest.mark.parametrize("settings", [[], ["nonsense"], [{"kind": "infilling", "rate": 1.5}]])
def test_bad_noise_is_told(settings):
    with pytest.raises(UserError, match="noising"):
        make({"task": "denoise", "data": {"parts": [{}]}, "noising": settings})
