"""Constrained and diverse beam search."""

import itertools
import random

import pytest
import torch
from search_toys import BOS, EOS, Toy, everything, produced

from regard.search.base import Limits
from regard.search.beam import beam
from regard.search.constraints import advance, constrained
from regard.search.diverse import diverse

LIMITS = Limits(BOS, EOS, [6, 5, 6])


def holds(tokens, phrase):
    return any(tokens[k : k + len(phrase)] == phrase for k in range(len(tokens) - len(phrase) + 1))


def random_phrases(rng, words, most):
    lengths = [rng.randint(1, 3) for _ in range(rng.randint(0, most))]
    return [[rng.choice(words) for _ in range(n)] for n in lengths]


@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_phrases_always_come_when_there_is_room(size):
    rng = random.Random(size)
    for seed in range(15):
        toy = Toy(seed, vocabulary=6, sharpness=4.0)
        phrases = [random_phrases(rng, range(1, 6), 3) for _ in range(3)]
        room = [sum(map(len, given)) + 1 + rng.randint(0, 2) for given in phrases]  # tight
        found = constrained(
            toy.step, toy.start(), Limits(BOS, EOS, room), phrases, size=size, n_best=2
        )
        for i, (given, hypotheses) in enumerate(zip(phrases, found, strict=True)):
            for h in hypotheses:
                assert all(holds(h.tokens, phrase) for phrase in given)
                assert h.finished or not given
                assert h.token_scores == pytest.approx(toy.forced(i, produced(h))[0])


def test_a_beam_wide_enough_finds_the_best_constrained_output():
    rng = random.Random(0)
    for seed in range(6):
        toy = Toy(seed)
        phrases = [random_phrases(rng, range(1, 5), 2) for _ in range(3)]
        limits = Limits(BOS, EOS, [4, 4, 4])
        found = constrained(toy.step, toy.start(), limits, phrases, size=330, alpha=1.0)
        for i, (h,) in enumerate(found):
            true = next(
                (
                    (r, tokens)
                    for r, _, tokens in everything(toy, i, 4, 1.0)
                    if all(holds(tokens, p) for p in phrases[i])
                ),
                None,
            )
            assert (true is not None) == h.finished
            if true:
                assert h.tokens == true[1] and h.ranking == pytest.approx(true[0])


def test_without_phrases_it_is_beam_search():
    for seed in range(10):
        toy = Toy(seed)
        assert constrained(toy.step, toy.start(), LIMITS, [[], [], []], size=4, n_best=3) == beam(
            toy.step, toy.start(), LIMITS, size=4, n_best=3
        )


def test_a_constrained_sentence_alone_gets_what_it_gets_in_a_batch():
    phrases = [[[2, 3]], [], [[4], [1, 1]]]
    for seed in range(10):
        toy = Toy(seed)
        together = constrained(toy.step, toy.start(), LIMITS, phrases, size=4, n_best=2)
        for i in range(3):
            alone = Limits(BOS, EOS, [LIMITS.max_len[i]])
            assert constrained(toy.step, toy.start([i]), alone, [phrases[i]], size=4, n_best=2) == [
                together[i]
            ]


def test_what_cannot_be_said_in_full_is_said_as_far_as_it_goes():
    toy = Toy(0)
    found = constrained(toy.step, toy.start([0]), Limits(BOS, EOS, [3]), [[[2, 3], [4, 4]]], size=4)
    (h,) = found[0]
    assert not h.finished and (holds(h.tokens, [2, 3]) or holds(h.tokens, [4, 4]))


def test_phrases_may_stand_in_the_prefix():
    toy = Toy(0)
    limits = Limits(BOS, EOS, [4], prefix=[[2, 3]])
    (h,) = constrained(toy.step, toy.start([0]), limits, [[[2, 3], [4]]], size=3)[0]
    assert h.finished and h.tokens[:2] == [2, 3] and 4 in h.tokens


def test_progress_is_the_longest_part_that_the_output_ends_with():
    for phrase in itertools.product((1, 2), repeat=4):
        for tokens in itertools.product((1, 2), repeat=8):
            n = 0
            for k, token in enumerate(tokens):
                n = advance(phrase, n, token)
                so_far = tokens[: k + 1]
                longest = max(j for j in range(5) if so_far[len(so_far) - j :] == phrase[:j])
                assert n == (4 if holds(so_far, phrase) else longest)


@pytest.mark.parametrize("phrase", [[], [EOS], [2, 4]])
def test_impossible_phrases_are_refused(phrase):
    toy = Toy(0)
    with pytest.raises(ValueError, match="never be produced"):
        constrained(toy.step, toy.start([0]), Limits(BOS, EOS, [9], forbid=[4]), [[phrase]])
    with pytest.raises(ValueError, match="phrases for 1"):
        constrained(toy.step, toy.start(), LIMITS, [[]])


def test_diverse_groups_differ_and_report_the_models_score():
    limits = Limits(BOS, EOS, [60, 50, 40])  # room for every group to end
    for seed in range(10):
        toy = Toy(seed)
        near = diverse(toy.step, toy.start(), limits, size=4, groups=4, strength=0.0)
        apart = diverse(toy.step, toy.start(), limits, size=4, groups=4, strength=50.0)
        for i in range(3):
            assert len(near[i]) == 1  # nothing drives equal groups apart
            firsts = [produced(h)[0] for h in apart[i]]
            assert len(set(firsts)) == len(firsts) > 1
            ranks = [h.ranking for h in apart[i]]
            assert ranks == sorted(ranks, reverse=True)
            for h in apart[i]:
                forced = toy.forced(i, produced(h))[0]
                assert h.token_scores == pytest.approx(forced)
                assert h.ranking == pytest.approx(sum(forced) / ((5 + len(forced)) / 6))


def hand_diverse(toy, sentence, max_len, groups, width, strength):
    """The algorithm written out: the best output of each group, eos in it if it ended."""
    live, ends = [[([], 0.0)] for _ in range(groups)], [[] for _ in range(groups)]
    for _ in range(max_len):
        taken = torch.zeros(toy.vocabulary).double()
        for g in range(groups):
            options = []
            for tokens, score in live[g]:
                row = toy.forced(sentence, [*tokens, EOS])[1][-1]
                for word, (own, dear) in enumerate(zip(row, row - strength * taken, strict=True)):
                    options.append((score + float(dear), [*tokens, word], score + float(own)))
            chosen = sorted(options, key=lambda x: -x[0])[:width]
            for _, tokens, _ in chosen:
                taken[tokens[-1]] += 1
            ends[g] += [(s / ((5 + len(t)) / 6), t) for _, t, s in chosen if t[-1] == EOS]
            live[g] = [(t, s) for _, t, s in chosen if t[-1] != EOS] if chosen else live[g]
            hope = max((s for _, s in live[g]), default=-1e9) / ((5 + max_len) / 6)
            if ends[g] and max(ends[g])[0] >= hope:  # a group that is done takes nothing more
                live[g] = []
    return [
        max(e)[1] if e else max(x, key=lambda h: h[1])[0] for e, x in zip(ends, live, strict=True)
    ]


@pytest.mark.parametrize("strength", [0.5, 1.5])
@pytest.mark.parametrize("width", [1, 2])
def test_diverse_search_is_the_algorithm_written_out(strength, width):
    for seed in range(5):
        toy = Toy(seed)
        found = diverse(toy.step, toy.start(), LIMITS, size=3 * width, groups=3, strength=strength)
        for i, hypotheses in enumerate(found):
            said = hand_diverse(toy, i, LIMITS.max_len[i], 3, width, strength)
            ended = [tokens for tokens in said if tokens[-1] == EOS]
            want = {tuple(tokens) for tokens in ended or said}
            assert {tuple(produced(h)) for h in hypotheses} == want
            assert len(hypotheses) == len(want)


def test_one_group_is_beam_search_and_the_batch_does_not_matter():
    for seed in range(10):
        toy = Toy(seed)
        assert diverse(toy.step, toy.start(), LIMITS, size=4, groups=1) == beam(
            toy.step, toy.start(), LIMITS, size=4
        )
        together = diverse(toy.step, toy.start(), LIMITS, size=6, groups=3)
        for i in range(3):
            alone = Limits(BOS, EOS, [LIMITS.max_len[i]])
            assert diverse(toy.step, toy.start([i]), alone, size=6, groups=3) == [together[i]]


def test_a_beam_that_cannot_be_shared_is_refused():
    toy = Toy(0)
    with pytest.raises(ValueError, match="multiple"):
        diverse(toy.step, toy.start(), LIMITS, size=5, groups=2)
    with pytest.raises(ValueError, match="strength"):
        diverse(toy.step, toy.start(), LIMITS, strength=-1.0)
