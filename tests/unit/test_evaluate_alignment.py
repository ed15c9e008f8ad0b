"""AER by hand, links from attention against a plain loop, and the lattice of symmetrised links."""

import random

import numpy as np
import pytest

from regard.evaluate.alignment import aer, parse_links, symmetrise, words_from_attention


def random_links(rng: random.Random, chance: float = 0.2) -> set[tuple[int, int]]:
    return {(i, j) for i in range(7) for j in range(6) if rng.random() < chance}


def test_aer_by_hand():
    # 4 predicted, 3 sure; 2 hit sure links, 3 hit possible ones: 1 - (2 + 3) / (4 + 3)
    found = aer(
        [{(0, 0), (1, 1), (2, 2)}, {(0, 1)}],
        [{(0, 0), (1, 1)}, {(0, 0)}],
        [{(2, 2)}, set()],
    )
    assert found.aer == pytest.approx(2 / 7)
    assert found.precision == pytest.approx(3 / 4)
    assert found.recall == pytest.approx(2 / 3)
    assert found.as_dict()["aer"] == found.aer


def test_aer_at_its_ends():
    rng = random.Random(0)
    sure = [random_links(rng) | {(0, 0)} for _ in range(20)]
    possible = [random_links(rng) for _ in range(20)]
    assert aer(sure, sure, possible).as_dict() == {"aer": 0, "precision": 1, "recall": 1}
    both = [s | p for s, p in zip(sure, possible, strict=True)]
    assert aer(both, sure, possible).aer == pytest.approx(0)
    far = [{(i + 50, j) for i, j in links} for links in sure]
    assert aer(far, sure, possible).as_dict() == {"aer": 1, "precision": 0, "recall": 0}
    assert aer([set()], sure[:1], possible[:1]).aer == 1
    assert aer([set()], [set()], [set()]).aer == 0


def test_aer_with_only_sure_links_is_one_minus_f1():
    rng = random.Random(1)
    predicted, sure = [[random_links(rng) for _ in range(30)] for _ in range(2)]
    found = aer(predicted, sure, sure)
    f1 = 2 * found.precision * found.recall / (found.precision + found.recall)
    assert 0 < f1 < 1
    assert found.aer == pytest.approx(1 - f1)


def test_aer_refuses_lists_that_do_not_fit():
    with pytest.raises(ValueError, match="1 predicted alignments do not fit 2 sure"):
        aer([set()], [set(), set()], [set(), set()])


def test_parse_links():
    assert parse_links("0-0 1?2 10-3\n") == ({(0, 0), (10, 3)}, {(0, 0), (1, 2), (10, 3)})
    assert parse_links("") == (set(), set())
    for bad in ("0:0", "1-", "-1-2", "0-0,1-1"):
        with pytest.raises(ValueError, match="no link"):
            parse_links(f"0-0 {bad}")


def plain_loop(weights, source, target, shift):
    links = set()
    for j in set(target) - {-1}:
        rows = [weights[t + shift] for t, word in enumerate(target) if word == j]
        mean = sum(rows) / len(rows)
        mass = {}
        for s, word in enumerate(source):
            if word >= 0:
                mass[word] = mass.get(word, 0) + mean[s]
        links.add((max(mass, key=mass.__getitem__), j))
    return links


@pytest.mark.parametrize("shift", [0, 1])
def test_words_from_attention_equals_a_plain_loop(shift):
    rng = np.random.default_rng(0)
    for _ in range(50):
        source = [-1, *np.sort(rng.integers(0, 5, 8)).tolist()]
        target = np.sort(rng.integers(0, 4, 6)).tolist()
        weights = rng.dirichlet(np.full(10, 0.3), size=8)  # one column, two rows past the pieces
        found = words_from_attention(weights, source, target, shift)
        assert found == plain_loop(weights, source, target, shift)
        assert {j for _, j in found} == set(target)


def test_pieces_of_a_source_word_add_up():
    weights = np.array([[0.3, 0.3, 0.4, 0.0], [0.0, 0.0, 0.1, 0.9]])
    # word 0 has two pieces and outweighs word 1; the last column is the end of the sentence
    assert words_from_attention(weights, [0, 0, 1], [0]) == {(0, 0)}
    assert words_from_attention(weights, [0, 0, 1], [0], shift=1) == {(1, 0)}
    assert words_from_attention(weights, [-1, -1, -1], [0]) == set()
    assert words_from_attention(weights, [0, 0, 1], []) == set()


def test_identity_attention_is_a_perfect_alignment():
    index = [0, 0, 1, 2, 2, 2, 3]
    gold = {(i, i) for i in range(4)}
    assert words_from_attention(np.eye(7), index, index) == gold
    moved = np.vstack([np.zeros(7), np.eye(7)])  # each piece's weights come a row late
    assert words_from_attention(moved, index, index, shift=1) == gold
    assert aer([gold], [gold], [gold]).aer == 0


@pytest.mark.parametrize("shape, shift", [((3, 4), 0), ((4, 3), 0), ((4, 4), 1), ((4, 4), -1)])
def test_weights_that_do_not_fit_are_refused(shape, shift):
    with pytest.raises(ValueError, match=f"{shape[0]} rows and {shape[1]} columns"):
        words_from_attention(np.ones(shape), [0, 1, 2, 3], [0, 1, 2, 3], shift)


def test_symmetrise_by_hand():
    forward = {(0, 0), (1, 1), (3, 3), (5, 5)}
    backward = {(0, 0), (1, 1), (1, 2), (2, 2), (5, 0)}
    assert symmetrise(forward, backward, "intersect") == {(0, 0), (1, 1)}
    assert symmetrise(forward, backward, "union") == forward | backward
    # (1, 2) touches (1, 1), (2, 2) touches that, (3, 3) that; (5, x) touch nothing
    assert symmetrise(forward, backward) == {(0, 0), (1, 1), (1, 2), (2, 2), (3, 3)}
    # both words are aligned already: (0, 1) stays out although it touches
    assert symmetrise({(0, 0), (1, 1), (0, 1)}, {(0, 0), (1, 1)}) == {(0, 0), (1, 1)}


def test_symmetrised_links_lie_between_intersection_and_union():
    rng = random.Random(2)
    grew = 0
    for _ in range(200):
        forward, backward = random_links(rng, 0.3), random_links(rng, 0.3)
        kept = set(forward), set(backward)
        low, middle, high = (
            symmetrise(forward, backward, how) for how in ("intersect", "grow-diag", "union")
        )
        assert low <= middle <= high
        grew += low < middle < high
        assert (forward, backward) == kept
        assert symmetrise(forward, forward) == forward
        assert symmetrise(middle, high) == middle  # nothing is left to grow
    assert grew > 100


def test_unknown_ways_are_refused():
    with pytest.raises(ValueError, match="grow-diag, intersect, union"):
        symmetrise(set(), set(), "grow")  # type: ignore[arg-type]
