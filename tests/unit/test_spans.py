"""Spans and their F1 against a form that looks at every pair of ends."""

import random

import pytest

from regard.evaluate.spans import marks_spans, span_f1, spans

TAGS = ["O", "B-X", "I-X", "B-Y", "I-Y"]


def naive(tags):
    """Every stretch that begins as a span does, goes on as one, and cannot go on further."""

    def begins(i):
        if tags[i] == "O":
            return False
        return tags[i][0] == "B" or i == 0 or tags[i - 1] == "O" or tags[i - 1][2:] != tags[i][2:]

    return {
        (i, j, tags[i][2:])
        for i in range(len(tags))
        for j in range(i + 1, len(tags) + 1)
        if begins(i)
        and all(tags[k] == f"I-{tags[i][2:]}" for k in range(i + 1, j))
        and (j == len(tags) or tags[j] != f"I-{tags[i][2:]}")
    }


def test_spans_are_those_of_the_naive_form():
    rng = random.Random(0)
    for _ in range(1000):
        tags = rng.choices(TAGS, k=rng.randint(0, 8))
        assert spans(tags) == naive(tags), tags


def test_f1_counts_the_spans_of_all_sentences_together():
    rng = random.Random(1)
    for _ in range(100):
        sizes = [rng.randint(1, 6) for _ in range(5)]
        references = [rng.choices(TAGS, k=n) for n in sizes]
        answers = [[t if rng.random() < 0.7 else rng.choice(TAGS) for t in r] for r in references]
        sets = [(naive(a), naive(r)) for a, r in zip(answers, references, strict=True)]
        right = sum(len(a & r) for a, r in sets)
        said, there = sum(len(a) for a, _ in sets), sum(len(r) for _, r in sets)
        if not right:
            continue
        precision, recall = right / said, right / there
        f1 = 100 * 2 * precision * recall / (precision + recall)
        assert span_f1(answers, references) == pytest.approx(f1)


def test_by_hand():
    right = ["B-PER", "I-PER", "O", "B-LOC"]
    assert spans(right) == {(0, 2, "PER"), (3, 4, "LOC")}
    assert span_f1([right], [right]) == 100
    assert span_f1([["B-PER", "O", "O", "B-LOC"]], [right]) == 50
    assert span_f1([["O"] * 4], [right]) == 0
    assert span_f1([["O"]], [["O"]]) == 100
    assert spans(["I-X", "I-X", "B-X", "I-Y-Z"]) == {(0, 2, "X"), (2, 3, "X"), (3, 4, "Y-Z")}
    with pytest.raises(ValueError, match="1 tags for 4 words"):
        span_f1([["O"]], [right])


def test_which_tags_mark_spans():
    assert marks_spans(["O", "B-X", "I-X"])
    assert not marks_spans(["O"]) and not marks_spans(["NOUN", "VERB"])
    assert not marks_spans(["B-X", "VERB"]) and not marks_spans(["B-"])


def test_against_seqeval():
    metrics = pytest.importorskip("seqeval.metrics")
    rng = random.Random(2)
    references = [rng.choices(TAGS, k=6) for _ in range(50)]
    answers = [[t if rng.random() < 0.7 else rng.choice(TAGS) for t in row] for row in references]
    assert span_f1(answers, references) == pytest.approx(
        100 * metrics.f1_score(references, answers)
    )
