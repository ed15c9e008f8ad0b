"""Slices score what they say: each is the score of its own lines, and none is dropped."""

import json

import pytest

from regard.evaluate.scores import bleu, measure
from regard.evaluate.slices import slices, word_counts, words

SOURCES = [
    "Der Hund läuft.",
    "HALT!",
    "hallo",
    "Der Mann Und Die Frau",
    "Der Hund hat 3 Katzen gesehen, und das Haus ist groß",
    "",
    "그는 책을 읽습니다.",
    "...",
    "Er sagte „Ja.“",
    "wort " * 60,
]
REFS = [f"the reference of line number {i} is here" for i in range(len(SOURCES))]
HYPS = [ref if i % 2 else ref.replace("reference", "thing") for i, ref in enumerate(REFS)]
LINES = {
    "all": range(10),
    "length 0": [5, 7],
    "length 1-5": [0, 1, 2, 3, 6, 8],
    "length 6-10": [],
    "length 11-20": [4],
    "length 21-30": [],
    "length 31-50": [],
    "length over 50": [9],
    "one word": [1, 2],
    "final punctuation": [0, 1, 6, 7, 8],
    "no final punctuation": [2, 3, 4, 9],
    "all caps": [1],
    "all lower case": [2, 9],
    "title case": [3],
    "other case": [0, 4, 8],
    "script without case": [6, 7],
    "with a number": [4],
    "without a number": [0, 1, 2, 3, 5, 6, 7, 8, 9],
    "empty source": [5],
}


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter", "exact_match"])
def test_each_slice_is_the_score_of_its_lines(metric):
    found = slices(SOURCES, HYPS, REFS, metric=metric, minimum=3)
    assert [s.name for s in found] == list(LINES)
    for piece in found:
        chosen = list(LINES[piece.name])
        assert piece.n == len(chosen), piece.name
        assert piece.few == (len(chosen) < 3)
        if not chosen:
            assert piece.score is None
            continue
        alone = measure(metric).score([HYPS[i] for i in chosen], [REFS[i] for i in chosen])
        assert piece.score == pytest.approx(alone.value, abs=1e-9)


def test_rare_words_go_by_the_rarest():
    counts = word_counts(["Der Hund"] * 5 + ["der Mann"] * 4)
    assert counts["der"] == 9
    sources = ["der Hund.", "Der Mann", "Hund Katze", "...", ""]
    found = {s.name: s for s in slices(sources, ["a"] * 5, ["a"] * 5, counts, "exact_match")}
    assert found["frequent words only"].n == 1
    assert found["a word seen under 5 times"].n == 1
    assert found["an unseen word"].n == 1
    assert "an unseen word" not in {s.name for s in slices(sources, ["a"] * 5, ["a"] * 5)}


def test_words():
    assert words("It's a T-Shirt, 3.5 m!") == ["it's", "a", "t-shirt", "3.5", "m"]
    assert words("我爱你 abc。") == ["我", "爱", "你", "abc"]
    assert words("그는 책을!") == ["그는", "책을"]
    assert words(" ... ") == []


def test_references_may_be_ragged_and_a_measure_given():
    refs = [[ref] if i % 2 else [ref, HYPS[i]] for i, ref in enumerate(REFS)]
    whole = slices(SOURCES, HYPS, refs, metric=measure("bleu", "en"))[0]
    assert whole.score == pytest.approx(bleu(HYPS, refs).value) == pytest.approx(100)


def test_bad_input_and_json():
    with pytest.raises(ValueError, match="1 sources do not fit 10 hypotheses"):
        slices(["a"], HYPS, REFS)
    with pytest.raises(ValueError, match="10 hypotheses do not fit 9 references"):
        slices(SOURCES, HYPS, REFS[:9])
    found = slices(SOURCES, HYPS, REFS)[1].as_dict()
    assert json.loads(json.dumps(found)) == found
