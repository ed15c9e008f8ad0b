"""Which tokens are hidden: how many, whole words, spans; against a plain loop over rows."""

import numpy as np
import pytest

from regard.recipe import UserError, make
from regard.tasks.masking import span, token, word

KINDS = {"token": token, "word": word, "span": span}


def rows(count=400, longest=40, seed=0, whole=0.6):
    """Rows one behind the other: which tokens begin a word, and how many tokens each has."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, count)
    starts = rng.random(lengths.sum()) < whole
    starts[np.cumsum(lengths) - lengths] = True
    return starts, lengths


def cut(values, lengths):
    return np.split(values, np.cumsum(lengths)[:-1])


def words_of(starts):
    """Slices of one row's words."""
    first = [*np.flatnonzero(starts), len(starts)]
    return [slice(a, b) for a, b in zip(first, first[1:], strict=False)]


@pytest.mark.parametrize("rate", [0.02, 0.15, 0.5])
def test_tokens_are_exactly_as_many_as_the_rate_says(rate):
    starts, lengths = rows()
    chosen = token.Config(rate=rate).chosen(starts, lengths, np.random.default_rng(1))
    found = [int(row.sum()) for row in cut(chosen, lengths)]
    assert found == [max(1, round(rate * n)) for n in lengths.tolist()]


@pytest.mark.parametrize("kind", ["word", "span"])
@pytest.mark.parametrize("rate", [0.05, 0.15, 0.4])
def test_words_are_whole_and_about_as_many_as_the_rate_says(kind, rate):
    starts, lengths = rows()
    chosen = KINDS[kind].Config(rate=rate).chosen(starts, lengths, np.random.default_rng(1))
    for row, begins in zip(cut(chosen, lengths), cut(starts, lengths), strict=True):
        words = words_of(begins)
        told = [row[w] for w in words]
        assert all(t.all() or not t.any() for t in told), "a part of a word is hidden"
        wanted, taken = round(rate * len(row)), [w for w in words if row[w].any()]
        longest = max(w.stop - w.start for w in words)
        assert len(taken) == 1 or row.sum() <= wanted + longest / 2
        assert len(taken) >= 1 and (row.all() or row.sum() >= wanted - longest / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_loop_chooses_the_same(kind):
    """Words of each row in the order of their numbers, while half of the next is within."""
    starts, lengths = rows(count=60)
    made = KINDS[kind].Config(rate=0.25)
    chosen = made.chosen(starts, lengths, np.random.default_rng(7))
    begins = np.ones_like(starts) if kind == "token" else starts
    order = iter(made.order(int(begins.sum()), np.random.default_rng(7)))
    for row, own in zip(cut(chosen, lengths), cut(begins, lengths), strict=True):
        expected = np.zeros(len(row), bool)
        words = [(next(order), i, w) for i, w in enumerate(words_of(own))]
        for _, _, w in sorted(words, key=lambda x: x[:2]):
            size = w.stop - w.start
            if expected.any() and expected.sum() + size / 2 > round(0.25 * len(row)):
                break
            expected[w] = True
        assert (row == expected).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_is_hidden_as_often_wherever_it_stands(kind):
    lengths = np.full(6000, 20)
    starts = np.ones(lengths.sum(), bool)
    made = KINDS[kind].Config(rate=0.2)
    chosen = made.chosen(starts, lengths, np.random.default_rng(2)).reshape(-1, 20)
    assert (chosen.sum(1) == 4).all()
    # 5 standard deviations of one place; spans stick out a little at the ends
    assert np.abs(chosen.mean(0) - 0.2).max() < (0.05 if kind == "span" else 0.025)


def test_spans_are_as_long_as_the_paper_says():
    """Geometric with p = 0.2, at most 10 words: 3.8 on average (Joshi et al. 2020, 3.1)."""
    numbers = span.Config().order(200_000, np.random.default_rng(3))
    _, lengths = np.unique(np.floor(numbers), return_counts=True)
    assert lengths.max() == 10 and lengths.mean() == pytest.approx(3.8, abs=0.03)
    share = 0.8 ** np.arange(10)
    found = np.bincount(lengths, minlength=11)[1:] / len(lengths)
    assert np.abs(found - share / share.sum()).max() < 0.005


def test_spans_lie_together_and_words_do_not():
    lengths, starts = np.array([20_000]), np.ones(20_000, bool)
    runs = {}
    for kind, module in KINDS.items():
        chosen = module.Config().chosen(starts, lengths, np.random.default_rng(4))
        runs[kind] = chosen.sum() / (np.diff(chosen.astype(int), prepend=0) > 0).sum()
    assert runs["token"] == pytest.approx(1 / 0.85, abs=0.05)
    assert runs["word"] == pytest.approx(1 / 0.85, abs=0.05)
    assert runs["span"] > 3.5


@pytest.mark.parametrize("kind", KINDS)
def test_chance_is_the_generator_s_alone(kind):
    starts, lengths = rows()
    draw = lambda seed: KINDS[kind].Config().chosen(starts, lengths, np.random.default_rng(seed))  # noqa: E731
    assert (draw(5) == draw(5)).all() and (draw(5) != draw(6)).any()


def test_a_recipe_asks_for_a_kind_and_hears_of_a_wrong_one():
    said = {"task": "mlm", "data": {"parts": [{}]}, "masking": {"kind": "span", "longest": 5}}
    assert make(said).masking == span.Config(longest=5)
    with pytest.raises(UserError, match="masking: no tasks.masking called 'spam'.*span"):
        make({**said, "masking": "spam"})
