"""Blank lines, long lines cut in pieces, answers of one line: pure functions."""

import re
import sys
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from regard.tasks.lines import blank, one_line, pieces

SIGNS = "ab가나 。.!?…\"')」\t\n\r\f\x0b\x00\x85\u2028\u3000\u00a0\u200b\u0301😀"
TEXTS = st.one_of(st.text(SIGNS, max_size=300), st.text(max_size=120))


def shorter(most: int):
    return lambda text: len(text) <= most


def seen(text: str) -> str:
    """What can be seen, in order."""
    return "".join(c for c in text if not blank(c))


@settings(max_examples=200)
@given(TEXTS, st.integers(1, 40))
@example("a" * 50 + "\u200b" * 90, 7)
@example("." * 100, 3)
def test_nothing_but_white_space_is_lost_and_every_piece_fits(line, most):
    assume(not blank(line))
    cut = pieces(line, shorter(most))
    assert seen("".join(cut)) == seen(line)  # so the order is kept too
    assert all(len(piece) <= most for piece in cut)
    assert cut == [line] or not any(map(blank, cut))
    visible = "".join(c for c in line if unicodedata.category(c)[0] != "C" or c.isspace())
    assume(visible == line)  # nothing invisible in it that a blank piece could take along
    assert "".join("".join(cut).split()) == "".join(line.split())


@settings(max_examples=100)
@given(TEXTS, st.integers(1, 40))
def test_cuts_fall_inside_words_only_where_words_are_too_long(line, most):
    words = re.sub("[。！？]", "", line).split()  # after those a sentence ends without a space
    line = " ".join(words)
    assume(words and max(map(len, words)) <= most)
    assume(not any(map(blank, words)))
    assert " ".join(pieces(line, shorter(most))).split() == words


@given(TEXTS)
def test_what_fits_is_left_alone(line):
    assert pieces(line, lambda text: True) == [line]


def test_sentences_first_then_spaces_then_anywhere():
    assert pieces("Ab cd. Ef gh! Ij", shorter(8)) == ["Ab cd.", "Ef gh!", "Ij"]
    assert pieces("Ab cd. Ef gh! Ij", shorter(13)) == ["Ab cd.", "Ef gh! Ij"]
    assert pieces('He said "go." She went.', shorter(15)) == ['He said "go."', "She went."]
    assert pieces("犬。「猫。」鳥。", shorter(5)) == ["犬。", "「猫。」", "鳥。"]
    assert pieces("version 1.5 is 3.25 now", shorter(12)) == ["version 1.5", "is 3.25 now"]
    assert pieces("one two\u3000three\tfour", shorter(9)) == ["one two", "three", "four"]
    assert pieces("abcdefgh", shorter(3)) == ["ab", "cd", "ef", "gh"]
    assert pieces("   ab   ", shorter(3)) == ["ab"]
    assert pieces("😀", lambda text: False) == ["😀"]  # nothing is left to cut
    assert pieces("", lambda text: False) == [""]


@pytest.mark.parametrize(
    "line",
    [". " * 50_000, "x" * 100_000, "a b " * 25_000, "A b c. " * 14_000, "犬。" * 50_000,
     "." + '"' * 99_999, "a. " + "x" * 99_997, "x" * 50_000 + " " * 49_999 + "."],
    ids=["dots", "word", "words", "sentences", "unspaced", "quotes", "late", "gap"],
)  # fmt: skip
def test_a_line_of_a_hundred_thousand_characters_costs_little(line):
    asked = []

    def fits(text: str) -> bool:
        asked.append(len(text))
        return len(text) <= 300

    cut = pieces(line, fits)
    assert seen("".join(cut)) == seen(line)
    assert len(asked) < 2_500 and sum(asked) < 20 * len(line)  # a few halvings, not one per place
    assert min(map(len, cut[1:-1]), default=75) >= 50 or len(cut) < 10


def test_blank_is_what_nobody_can_see():
    for c in map(chr, range(0x3100)):
        expected = c.isspace() or unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Zs")
        assert blank(c) == blank(c * 3) == expected
        assert not blank(f"{c}a") and not blank(f"a{c}")
    assert blank("") and blank(" \u200b\t\u3000\ufeff")
    for c in ("\u0301", "😀", "\ue000", "\U0001fae9", chr(sys.maxunicode), "。", "-"):
        assert not blank(c)  # marks, symbols, private and yet unassigned characters are text


@given(TEXTS)
def test_an_answer_is_one_line(text):
    assert not {"\n", "\r"} & set(one_line(text))
    assert one_line(text).split() == text.split() and len(one_line(text)) == len(text)
