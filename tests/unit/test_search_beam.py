"""Greedy and beam search against exhaustive and textbook references on tiny random models."""

import math

import pytest
import torch
from search_toys import BOS, EOS, Forgetful, Toy, ToyState, everything, produced, textbook_beam

from regard.search.base import Limits, top
from regard.search.beam import beam
from regard.search.greedy import greedy

MAX_LEN = [5, 3, 4]
LIMITS = Limits(BOS, EOS, MAX_LEN)


def single(i):
    return Limits(BOS, EOS, [MAX_LEN[i]])


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 2.0])
def test_a_beam_wide_enough_finds_the_best_outputs_there_are(alpha):
    for seed in range(3):
        toy = Toy(seed)
        found = beam(toy.step, toy.start(), LIMITS, size=1300, alpha=alpha, n_best=4)
        for i, hypotheses in enumerate(found):
            true = everything(toy, i, MAX_LEN[i], alpha)[:4]
            assert [h.tokens for h in hypotheses] == [tokens for _, _, tokens in true]
            assert [h.ranking for h in hypotheses] == pytest.approx([rank for rank, _, _ in true])
            assert [h.score for h in hypotheses] == pytest.approx([score for _, score, _ in true])


@pytest.mark.parametrize("beta", [0.3, 2.0])
def test_coverage_penalty_ranks_as_equation_14(beta):
    for seed in range(3):
        toy = Toy(seed)
        found = beam(
            toy.step,
            toy.start(),
            LIMITS,
            size=1300,
            alpha=0.8,
            beta=beta,
            n_best=3,
            coverage=lambda state: state.covered,
        )
        for i, hypotheses in enumerate(found):
            true = everything(toy, i, MAX_LEN[i], 0.8, beta)[:3]
            assert [h.tokens for h in hypotheses] == [tokens for _, _, tokens in true]
            ranks = [rank for rank, _, _ in true]
            assert [h.ranking for h in hypotheses] == pytest.approx(ranks, abs=1e-5)


@pytest.mark.parametrize("size", [1, 2, 6])
@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.5])
def test_early_stopping_loses_nothing_against_the_textbook(size, alpha):
    room = [9, 3, 6]
    for seed in range(8):
        toy = Toy(seed, sharpness=3.0)
        found = beam(toy.step, toy.start(), Limits(BOS, EOS, room), size=size, alpha=alpha)
        for i, (hypothesis, *_) in enumerate(found):
            rank, tokens = textbook_beam(toy, i, room[i], size, alpha)
            assert produced(hypothesis) == tokens
            assert hypothesis.ranking == pytest.approx(rank)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0])
def test_a_beam_of_one_is_greedy_search(alpha):
    for seed in range(20):
        toy = Toy(seed)
        one = beam(toy.step, toy.start(), LIMITS, size=1, alpha=alpha)
        for g, (b,) in zip(greedy(toy.step, toy.start(), LIMITS), one, strict=True):
            assert (g.tokens, g.finished, g.token_scores) == (b.tokens, b.finished, b.token_scores)


def test_greedy_takes_the_likeliest_token_each_time():
    for seed in range(10):
        toy = Toy(seed)
        for i, h in enumerate(greedy(toy.step, toy.start(), LIMITS)):
            rows = toy.forced(i, produced(h))[1]
            assert [int(row.argmax()) for row in rows] == produced(h)
            assert h.finished or len(h.tokens) == MAX_LEN[i]


def test_reported_scores_are_forced_scores():
    for seed in range(10):
        toy = Toy(seed)
        found = beam(toy.step, toy.start(), LIMITS, size=4, n_best=4)
        for i, hypotheses in enumerate(found):
            for h in [*hypotheses, greedy(toy.step, toy.start(), LIMITS)[i]]:
                assert h.token_scores == pytest.approx(toy.forced(i, produced(h))[0])
                assert h.score == pytest.approx(sum(h.token_scores))


def test_a_forgotten_reorder_shows_in_the_scores():
    for seed in range(5):
        toy = Toy(seed)
        wrong = {ToyState: 0, Forgetful: 0}
        for kind in wrong:
            found = beam(toy.step, toy.start(kind=kind), LIMITS, size=4, n_best=4)
            wrong[kind] = sum(
                h.score != pytest.approx(sum(toy.forced(i, produced(h))[0]))
                for i, hypotheses in enumerate(found)
                for h in hypotheses
            )
        assert wrong[ToyState] == 0 < wrong[Forgetful]


def test_n_best_lists_are_sorted_and_distinct():
    for seed in range(10):
        toy = Toy(seed)
        for hypotheses in beam(toy.step, toy.start(), LIMITS, size=6, n_best=6):
            ranks = [h.ranking for h in hypotheses]
            assert ranks == sorted(ranks, reverse=True)
            assert len({tuple(h.tokens) for h in hypotheses}) == len(hypotheses) > 1
            assert all(h.finished for h in hypotheses)


def test_a_sentence_alone_gets_what_it_gets_in_a_batch():
    for seed in range(10):
        toy = Toy(seed)
        together = beam(toy.step, toy.start(), LIMITS, size=3, n_best=3)
        greedily = greedy(toy.step, toy.start(), LIMITS)
        for i in range(3):
            assert beam(toy.step, toy.start([i]), single(i), size=3, n_best=3) == [together[i]]
            assert greedy(toy.step, toy.start([i]), single(i)) == [greedily[i]]


def test_max_len_counts_eos_and_unfinished_outputs_come_only_alone():
    toy = Toy(0)
    toy.table[..., EOS] = -30.0  # never worth ending
    for found in (
        beam(toy.step, toy.start(), LIMITS, size=3, n_best=3),
        [[h] for h in greedy(toy.step, toy.start(), LIMITS)],
    ):
        for hypotheses, most in zip(found, MAX_LEN, strict=True):
            assert all(not h.finished and len(h.tokens) == most for h in hypotheses)
            assert all(len(h.token_scores) == most for h in hypotheses)
    for seed in range(10):
        toy = Toy(seed)
        for hypotheses, most in zip(
            beam(toy.step, toy.start(), LIMITS, size=4, n_best=4), MAX_LEN, strict=True
        ):
            assert len({h.finished for h in hypotheses}) == 1
            assert all(len(h.token_scores) <= most for h in hypotheses)


def test_rows_leave_as_sentences_end():
    toy = Toy(1)
    toy.table[..., EOS] = -40.0
    toy.table[1, :, EOS] = -0.01  # the second sentence ends at once, the others when they must
    for search, rows in ((greedy, [3, 2, 2, 2, 1]), (beam, [3, 8, 8, 8, 4])):
        state, how = toy.start(), {"size": 4} if search is beam else {}
        search(toy.step, state, LIMITS, **how)
        assert state.rows == rows


def test_no_step_is_made_once_nothing_can_win():
    toy = Toy(1)
    toy.table[...] = torch.tensor([0.96, 0.01, 0.01, 0.01, 0.01]).log()
    state = toy.start()
    found = beam(toy.step, state, Limits(BOS, EOS, [50] * 3), size=4)
    assert [h.tokens for (h,) in found] == [[]] * 3
    # -0.04 against log 0.01 / (55 / 6) = -0.5 for the best that the longest output could reach
    assert state.rows == [3]


def test_first_tokens_may_differ_by_sentence():
    toy = Toy(4, sentences=2)
    toy.table[1] = toy.table[0]
    mixed = beam(toy.step, toy.start(), Limits(torch.tensor([1, 3]), EOS, [5, 5]))
    apart = [beam(toy.step, toy.start([0]), Limits(bos, EOS, [5]))[0] for bos in (1, 3)]
    assert mixed == apart and mixed[0] != mixed[1]


def test_equal_scores_are_settled_by_the_lower_id():
    toy = Toy(0)
    toy.table[...] = -math.log(5)
    toy.table[..., EOS] = -1e4
    limits = Limits(BOS, EOS, [2, 2, 2])
    for hypotheses in beam(toy.step, toy.start(), limits, size=3, n_best=3, alpha=0.0):
        assert [h.tokens for h in hypotheses] == [[1, 1], [1, 2], [1, 3]]
    assert [h.tokens for h in greedy(toy.step, toy.start(), limits)] == [[1, 1]] * 3


def test_top_orders_ties_by_index():
    g = torch.Generator().manual_seed(0)
    for n, k in ((7, 1), (50, 5), (2000, 12), (5, 9)):
        values = torch.randint(0, 6, (30, n), generator=g).float()
        best, index = top(values, k)
        full, order = values.sort(dim=-1, descending=True, stable=True)
        assert torch.equal(best, full[:, :k]) and torch.equal(index, order[:, :k])


def test_the_trace_tells_the_whole_beam():
    for seed in range(5):
        toy, trace = Toy(seed), []
        found = beam(toy.step, toy.start(), LIMITS, size=3, n_best=9, trace=trace)
        assert found == beam(toy.step, toy.start(), LIMITS, size=3, n_best=9)
        ends = [[] for _ in MAX_LEN]
        for t, candidates in enumerate(trace):
            for c in candidates:
                tokens, at, who = [], t, c
                while True:
                    tokens.insert(0, who.token)
                    if who.parent < 0:
                        break
                    at -= 1
                    who = trace[at][who.parent]
                    assert who.fate == "kept" and who.sentence == c.sentence
                forced = toy.forced(c.sentence, tokens)[0]
                assert at == 0 and c.logprob == pytest.approx(forced[-1])
                assert c.total == pytest.approx(sum(forced))
                assert c.fate in ("kept", "finished", "pruned")
                if c.fate == "finished":
                    ends[c.sentence].append(tokens[:-1])
            for i in range(3):
                mine = [c for c in candidates if c.sentence == i]
                assert sum(c.fate != "pruned" for c in mine) <= 3
                lost = [c.total for c in mine if c.fate == "pruned"]
                held = [c.total for c in mine if c.fate != "pruned"]
                assert not lost or max(lost) <= min(held)
        for i, hypotheses in enumerate(found):
            assert sorted(h.tokens for h in hypotheses if h.finished) == sorted(ends[i])


def test_what_is_no_log_probability_is_refused_in_words():
    toy = Toy(0)
    cases = [
        (lambda x: x.index_fill(1, torch.tensor([2]), math.nan), "NaN"),
        (lambda x: x + 3.0, "log_softmax"),
        (lambda x: x[:, None], "shape"),
    ]
    for spoil, words in cases:

        def step(tokens, state, spoil=spoil):
            logprobs, state = toy.step(tokens, state)
            return spoil(logprobs), state

        for search in (greedy, beam):
            with pytest.raises(ValueError, match=words):
                search(step, toy.start(), LIMITS)


def test_settings_out_of_range_are_refused():
    toy = Toy(0)
    for bad in ({"size": 0}, {"alpha": -1.0}, {"n_best": 0}, {"beta": 1.0}):
        with pytest.raises(ValueError, match="must|may|give"):
            beam(toy.step, toy.start(), LIMITS, **bad)
    for bad in (
        {"max_len": [0]},
        {"forbid": [EOS]},
        {"prefix": []},
        {"prefix": [[1] * 9]},
        {"prefix": [[EOS]]},
        {"bos": torch.tensor([1, 1])},
    ):
        with pytest.raises(ValueError, match="eos|prefix|shape"):
            Limits(**{"bos": BOS, "eos": EOS, "max_len": [4], **bad})


def test_no_sentences_no_outputs():
    toy, none = Toy(0), Limits(BOS, EOS, [])
    assert greedy(toy.step, toy.start([]), none) == []
    assert beam(toy.step, toy.start([]), none) == []


def test_half_precision_is_summed_in_full():
    toy = Toy(3)

    def step(tokens, state):
        logprobs, state = toy.step(tokens, state)
        return logprobs.bfloat16(), state

    for h, *_ in beam(step, toy.start(), LIMITS):
        assert h.score == pytest.approx(sum(h.token_scores), abs=1e-6)
        assert h.ranking == pytest.approx(h.score / ((5 + len(produced(h))) / 6), abs=1e-6)
