"""Sampling follows the distribution it claims; ensembles and minimum Bayes risk."""

import math
from collections import Counter

import pytest
import torch
from search_toys import BOS, EOS, Toy, produced

from regard.search.base import Limits
from regard.search.beam import beam
from regard.search.ensemble import Ensemble, States
from regard.search.greedy import greedy
from regard.search.mbr import mbr
from regard.search.sample import pick, sample


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def shaped(row, temperature=1.0, top_k=0, top_p=1.0):
    """The distribution to sample from, by the definitions, one token after the other."""
    order = sorted(range(len(row)), key=lambda v: (-row[v], v))
    weights = {v: math.exp(row[v] / temperature) for v in order[: top_k or len(row)]}
    whole, kept, mass = sum(weights.values()), {}, 0.0
    for v, w in weights.items():
        if mass < top_p:
            kept[v] = w
            mass += w / whole
    return {v: w / sum(kept.values()) for v, w in kept.items()}


def outputs(toy, sentence, max_len, **how):
    """Every output and its probability: {tokens as produced: p}."""
    found, growing = {}, {(): 1.0}
    for n in range(1, max_len + 1):
        longer = {}
        for said, p in growing.items():
            row = toy.forced(sentence, [*said, EOS])[1][-1]
            longer |= {(*said, v): p * q for v, q in shaped(row.tolist(), **how).items()}
        over = {x: p for x, p in longer.items() if x[-1] == EOS or n == max_len}
        found |= over
        growing = {x: p for x, p in longer.items() if x not in over}
    return found


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"temperature": 0.6},
        {"top_k": 2},
        {"top_p": 0.8},
        {"temperature": 1.7, "top_k": 3, "top_p": 0.9},
    ],
)
def test_frequencies_follow_the_distribution(how):
    toy, count = Toy(7, sentences=2, vocabulary=4), 4000
    limits = Limits(BOS, EOS, [3, 2])
    found = sample(toy.step, toy.start(), limits, samples=count, generator=seeded(), **how)
    for i, most in enumerate(limits.max_len):
        expected = outputs(toy, i, most, **how)
        assert sum(expected.values()) == pytest.approx(1.0)
        seen = Counter(tuple(produced(h)) for h in found[i])
        assert set(seen) <= set(expected)  # nothing from outside the pool
        cells = [(seen[x], count * p) for x, p in expected.items() if count * p >= 5]
        square = sum((n - e) ** 2 / e for n, e in cells)
        df = len(cells) - 1
        assert square < df + 4 * math.sqrt(2 * df)  # four standard deviations


def test_the_score_is_the_models_whatever_the_temperature():
    toy = Toy(1)
    found = sample(
        toy.step,
        toy.start(),
        Limits(BOS, EOS, [5, 3, 4]),
        samples=6,
        temperature=2.0,
        top_k=3,
        generator=seeded(),
    )
    for i, hypotheses in enumerate(found):
        assert len(hypotheses) == 6
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
        for h in hypotheses:
            assert h.token_scores == pytest.approx(toy.forced(i, produced(h))[0])


def test_a_narrow_pool_or_a_low_temperature_is_greedy_search():
    for seed in range(5):
        toy, limits = Toy(seed), Limits(BOS, EOS, [5, 3, 4])
        for how in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}):
            found = sample(toy.step, toy.start(), limits, generator=seeded(seed), **how)
            assert [h for (h,) in found] == greedy(toy.step, toy.start(), limits)


def test_draws_depend_on_the_seed_and_not_on_the_other_sentences():
    toy = Toy(2, sentences=4)
    limits = Limits(BOS, EOS, [6] * 4)
    first = sample(toy.step, toy.start(), limits, samples=3, generator=seeded(5))
    assert sample(toy.step, toy.start(), limits, samples=3, generator=seeded(5)) == first
    assert sample(toy.step, toy.start(), limits, samples=3, generator=seeded(6)) != first
    fewer = Limits(BOS, EOS, [6] * 2)
    assert sample(toy.step, toy.start([0, 1]), fewer, samples=3, generator=seeded(5)) == first[:2]
    other = sample(toy.step, toy.start([3, 1]), fewer, samples=3, generator=seeded(5))
    assert other[1] == first[1] and other[0] != first[0]


def test_the_ends_of_the_interval_give_possible_tokens():
    logprobs = torch.tensor([[-math.inf, math.log(0.5), math.log(0.5), -math.inf]])
    for how in ((1.0, 0, 1.0), (0.5, 3, 1.0), (1.0, 0, 0.99)):
        assert pick(logprobs, torch.tensor([[0.0]]), *how).tolist() == [1]
        assert pick(logprobs, torch.tensor([[1.0]]), *how).tolist() == [2]


def test_settings_out_of_range_are_refused():
    toy = Toy(0)
    for bad in (
        {"samples": 0},
        {"temperature": 0.0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"top_k": -1},
    ):
        with pytest.raises(ValueError, match="take"):
            sample(toy.step, toy.start(), Limits(BOS, EOS, [3] * 3), **bad)


def test_an_ensemble_of_one_model_twice_is_the_model():
    limits = Limits(BOS, EOS, [5, 3, 4])
    for seed in range(5):
        toy = Toy(seed)
        twice = beam(Ensemble([toy.step] * 2), States([toy.start(), toy.start()]), limits, n_best=3)
        once = beam(toy.step, toy.start(), limits, n_best=3)
        for a, b in zip(twice, once, strict=True):
            assert [h.tokens for h in a] == [h.tokens for h in b]
            assert [h.score for h in a] == pytest.approx([h.score for h in b])


def test_an_ensemble_averages_probabilities():
    limits = Limits(BOS, EOS, [5, 3, 4])
    for seed in range(5):
        toys = [Toy(seed), Toy(seed + 50), Toy(seed + 90)]
        found = beam(Ensemble([t.step for t in toys]), States([t.start() for t in toys]), limits)
        for i, (h,) in enumerate(found):
            each = torch.tensor([t.forced(i, produced(h))[0] for t in toys])
            assert h.token_scores == pytest.approx(each.exp().mean(0).log().tolist(), abs=1e-5)
    with pytest.raises(ValueError, match="models"):
        Ensemble([])
    with pytest.raises(ValueError, match="each"):
        greedy(Ensemble([toys[0].step] * 2), States([toys[0].start()]), limits)


def overlap(hypotheses, references):
    """Share of common letters."""
    return [
        [2 * len(set(h) & set(r)) / (len(set(h)) + len(set(r)) or 1) for r in references]
        for h in hypotheses
    ]


def test_mbr_takes_the_candidate_most_like_the_others():
    rows = [["abcd", "abce", "abcf", "xyz"], ["q"], ["ab", "cd", "cd"]]
    choices = mbr(rows, overlap)
    for row, choice in zip(rows, choices, strict=True):
        means = [sum(overlap([h], row)[0]) / len(row) for h in row]  # every duplicate counted
        assert choice.utility == pytest.approx(max(means))
        assert choice.place == means.index(max(means)) and choice.text == row[choice.place]
    assert [c.text for c in choices] == ["abcd", "q", "cd"]


def test_mbr_weighs_the_candidates():
    row = ["abcd", "abce", "xyz"]
    (choice,) = mbr([row], overlap, [[0.1, 0.1, 2.0]])
    assert choice.text == "xyz" and choice.utility == pytest.approx(2.0 / 2.2)
    same = mbr([row], lambda h, r: torch.tensor(overlap(h, r)), [[3.0, 3.0, 3.0]])
    assert same[0].place == mbr([row], overlap)[0].place


def test_mbr_refuses_what_it_cannot_weigh():
    for rows, weights in (
        ([[]], None),
        ([["a"]], []),
        ([["a"]], [[0.0]]),
        ([["a", "b"]], [[1.0]]),
        ([["a", "b"]], [[2.0, -1.0]]),
    ):
        with pytest.raises(ValueError, match="candidates"):
            mbr(rows, overlap, weights)
    with pytest.raises(ValueError, match="utility"):
        mbr([["a", "b"]], lambda h, r: [[1.0]])
