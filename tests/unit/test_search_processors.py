"""Limits, forced prefix and guards: what they forbid never comes, and scores stay the model's."""

import math

import pytest
import torch
from search_toys import BOS, EOS, Toy, produced

from regard.search.base import Limits
from regard.search.beam import beam
from regard.search.greedy import greedy
from regard.search.processors import NoRepeat, Repetition
from regard.search.sample import sample

SEARCHES = {
    "greedy": lambda *a, **k: [[h] for h in greedy(*a, **k)],
    "beam": lambda *a, **k: beam(*a, size=4, n_best=3, **k),
    "sample": lambda *a, **k: sample(
        *a, samples=5, top_p=0.95, generator=torch.Generator().manual_seed(3), **k
    ),
}


@pytest.fixture(params=SEARCHES)
def search(request):
    return SEARCHES[request.param]


def honest(toy, sentence, hypothesis):
    return hypothesis.token_scores == pytest.approx(toy.forced(sentence, produced(hypothesis))[0])


def test_prefixes_of_any_length_are_obeyed_and_scored(search):
    prefix = [[2, 2, 4], [], [3]]
    for seed in range(10):
        toy = Toy(seed)
        limits = Limits(BOS, EOS, [7, 6, 5], min_len=2, forbid=[2], prefix=prefix)
        # the prefix overrules what is forbidden, and a guard against what it holds itself
        found = search(toy.step, toy.start(), limits, processors=[NoRepeat(1)])
        for i, hypotheses in enumerate(found):
            for h in hypotheses:
                assert h.tokens[: len(prefix[i])] == prefix[i] and honest(toy, i, h)
                assert 2 not in h.tokens[len(prefix[i]) :]


def test_a_prefix_as_long_as_there_is_room_is_all_there_is(search):
    toy = Toy(0)
    found = search(toy.step, toy.start([0]), Limits(BOS, EOS, [3], prefix=[[4, 2, 3]]))
    assert all(h.tokens == [4, 2, 3] and not h.finished for (h, *_) in found)


def test_a_prefix_sentence_alone_gets_what_it_gets_in_a_batch():
    toy = Toy(5)
    together = beam(toy.step, toy.start(), Limits(BOS, EOS, [6] * 3, prefix=[[2], [3, 3], []]))
    for i, prefix in enumerate([[2], [3, 3], []]):
        alone = Limits(BOS, EOS, [6], prefix=[prefix])
        assert beam(toy.step, toy.start([i]), alone) == [together[i]]


def test_forbidden_ids_and_early_ends_never_come(search):
    for seed in range(10):
        toy = Toy(seed)
        limits = Limits(BOS, EOS, [6, 6, 6], min_len=3, forbid=[1, 3])
        for i, hypotheses in enumerate(search(toy.step, toy.start(), limits)):
            for h in hypotheses:
                assert len(h.tokens) >= 3 and not {1, 3} & set(h.tokens) and honest(toy, i, h)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_no_n_gram_comes_twice(search, size):
    repeats = 0
    for seed in range(10):
        toy = Toy(seed, vocabulary=6)
        toy.table[..., EOS] -= 5.0
        toy.table[..., 2] = -0.1  # would say it for ever
        limits = Limits(BOS, EOS, [9, 7, 8])
        for i, hypotheses in enumerate(
            search(toy.step, toy.start(), limits, processors=[NoRepeat(size)])
        ):
            for h in hypotheses:
                n = max(size, 1)
                grams = [tuple(h.tokens[k : k + n]) for k in range(len(h.tokens) - n + 1)]
                repeats += len(set(grams)) < len(grams)
                # five words run out: then the guard gives way, and only then
                assert size != 1 or len(set(h.tokens[:5])) == len(h.tokens[:5])
                assert honest(toy, i, h)
    assert (repeats == 0) == (size in (2, 3)) or size == 1


def longest_run(tokens, period):
    """How many times in a row a phrase of `period` tokens comes, at most."""
    most = 0
    for start in range(len(tokens) - period + 1):
        phrase, count = tokens[start : start + period], 1
        while tokens[start + count * period : start + (count + 1) * period] == phrase:
            count += 1
        most = max(most, count)
    return most


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("cycle", [[2], [2, 3, 4], [2, 2, 3, 4]])
def test_a_phrase_runs_as_often_as_allowed_and_no_more(search, times, cycle):
    """A model that says one cycle for ever, whatever else is possible."""
    g = torch.Generator().manual_seed(0)
    noise = torch.randn(60, 6, generator=g)
    period = len(cycle)

    class Clock:
        def __init__(self, rows, tick):
            self.rows, self.tick = rows, tick

        def reorder(self, index):
            return Clock(len(index), self.tick)

    def step(tokens, state):
        logits = noise[state.tick].clone()
        logits[cycle[state.tick % period]] += 12.0
        logits[EOS] -= 20.0
        return logits.log_softmax(-1).expand(state.rows, -1), Clock(state.rows, state.tick + 1)

    limits = Limits(BOS, EOS, [26])
    free = search(step, Clock(1, 0), limits)[0]
    assert any(longest_run(h.tokens, period) > times for h in free)
    if times == 4:  # up to the limit it may
        (h,) = greedy(step, Clock(1, 0), limits, processors=[Repetition(times)])
        assert h.tokens[: period * times] == cycle * times
    for h in search(step, Clock(1, 0), limits, processors=[Repetition(times)])[0]:
        assert all(longest_run(h.tokens, p) <= times for p in range(1, 5))


def test_a_guard_that_leaves_nothing_gives_way(search):
    def silence(logprobs, history, owner):
        return torch.full_like(logprobs, -math.inf)

    toy = Toy(2)
    limits = Limits(BOS, EOS, [5, 5, 5])
    assert search(toy.step, toy.start(), limits, processors=[silence]) == search(
        toy.step, toy.start(), limits
    )


def test_guards_are_told_which_sentence_a_row_is_of(search):
    def by_sentence(logprobs, history, owner):
        assert history.shape[0] == owner.shape[0] == logprobs.shape[0]
        banned = torch.nn.functional.one_hot(owner + 1, logprobs.size(1)).bool()
        return logprobs.masked_fill(banned, -math.inf)

    for seed in range(5):
        toy = Toy(seed)
        found = search(toy.step, toy.start(), Limits(BOS, EOS, [6, 3, 5]), processors=[by_sentence])
        for i, hypotheses in enumerate(found):
            assert all(i + 1 not in h.tokens and honest(toy, i, h) for h in hypotheses)


def test_a_dead_end_is_an_unfinished_output(search):
    toy = Toy(0)
    toy.table[1] = -math.inf  # nothing can follow, for this sentence only
    found = search(toy.step, toy.start(), Limits(BOS, EOS, [5, 5, 5]))
    assert all(
        (h.tokens, h.score, h.token_scores, h.finished) == ([], 0.0, [], False) for h in found[1]
    )
    assert all(h.token_scores for i in (0, 2) for h in found[i])


def test_a_prefix_without_probability_ends_there():
    toy = Toy(0)
    toy.table[..., 3] = -math.inf
    limits = Limits(BOS, EOS, [5, 5, 5], prefix=[[2, 3], [2], []])
    for found in (
        [[h] for h in greedy(toy.step, toy.start(), limits)],
        beam(toy.step, toy.start(), limits, size=3),
    ):
        assert (found[0][0].tokens, found[0][0].finished) == ([2], False)
        assert all(math.isfinite(h.score) for (h, *_) in found)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="n-gram"):
        NoRepeat(-1)
    with pytest.raises(ValueError, match="1 or more"):
        Repetition(times=0)


def test_what_may_come_once_comes_once_and_only_where_it_may(search):
    said = 0
    for seed in range(10):
        toy = Toy(seed, vocabulary=7)
        toy.table[..., 3:6] += 3.0  # would say them for ever, anywhere
        toy.table = toy.table.log_softmax(-1)
        limits = Limits(BOS, EOS, [6, 6, 6], forbid=[1, 3, 4, 5], once=[[3, 4], [], [5, 3]])
        for i, hypotheses in enumerate(search(toy.step, toy.start(), limits)):
            for h in hypotheses:
                held = [token for token in h.tokens if token in limits.forbid]
                assert sorted(set(held)) == sorted(held) and set(held) <= set(limits.once[i])
                assert honest(toy, i, h)
                said += len(held)
    assert said > 30  # of 4 in each of 10 turns


def test_a_sentence_with_its_own_once_gets_alone_what_it_gets_in_a_batch():
    toy, once = Toy(5, vocabulary=7), [[3, 4], [], [5, 3]]
    toy.table[..., 3:6] += 2.0
    toy.table = toy.table.log_softmax(-1)
    forbid = [3, 4, 5]
    together = beam(toy.step, toy.start(), Limits(BOS, EOS, [6] * 3, forbid=forbid, once=once))
    for i, own in enumerate(once):
        alone = Limits(BOS, EOS, [6], forbid=forbid, once=[own])
        assert beam(toy.step, toy.start([i]), alone) == [together[i]]
    prefix = [[3], [3], []]  # overrules what is forbidden, and counts as said
    limits = Limits(BOS, EOS, [6] * 3, forbid=forbid, once=once, prefix=prefix)
    for row in beam(toy.step, toy.start(), limits)[:2]:
        assert row[0].tokens[0] == 3 and 3 not in row[0].tokens[1:]
    with pytest.raises(ValueError, match="once has 2 rows for 3 sentences"):
        Limits(BOS, EOS, [6] * 3, once=[[3], [4]])
