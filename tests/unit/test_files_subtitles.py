"""Subtitles: what is said changes, times, numbers, settings and notes do not."""

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.files import subtitles
from regard.files.base import Answer
from regard.recipe import UserError

SRT = """1
00:00:01,000 --> 00:00:02,500
A dog runs
through the <i>snow</i>.

2
00:00:03,000 --> 00:00:04,000
Yes.

3
00:00:05,000 --> 00:00:06,000

"""
VTT = """WEBVTT - title

NOTE nothing

intro
00:01.000 --> 00:02.000 align:start
Hello there

00:03.000 --> 00:04.000
Bye"""


def filled(text: str, say=str.upper) -> str:
    file = subtitles.read(text.encode(), "x.srt")
    return file.filled([Answer(say(unit)) for unit in file.units]).decode()


def test_a_cue_is_one_unit():
    units = ["A dog runs through the <i>snow</i>.", "Yes."]
    assert subtitles.read(SRT.encode(), "x").units == units
    assert subtitles.read(VTT.encode(), "x").units == ["Hello there", "Bye"]


@pytest.mark.parametrize("text", [SRT, VTT, SRT.replace("\n", "\r\n")])
def test_everything_else_stays(text):
    file = subtitles.read(text.encode(), "x")
    said = [line.strip() for first, last in file.cues for line in file.lines[first:last]]
    new = filled(text)
    assert new.lower() == text.lower() or "RUNS" in new
    kept = [x for x in new.split("\n") if x.strip() and x != x.upper()]
    assert kept == [x for x in text.split("\n") if x.strip() not in ("", *said) and x != x.upper()]
    assert new.count("\r") == text.count("\r") and new.endswith("\n") == text.endswith("\n")
    times = [(e.start, e.end) for e in pysubs2.SSAFile.from_string(text)]
    assert times == [(e.start, e.end) for e in pysubs2.SSAFile.from_string(new)]


@given(st.text(st.sampled_from("ab ")), st.integers(1, 4))
def test_a_sentence_is_divided_at_spaces(text, count):
    parts = subtitles.divided(text, count)
    assert " ".join(parts) == text and len(parts) <= count


def test_a_short_answer_needs_fewer_lines():
    new = filled(SRT, lambda unit: "눈")
    assert "02,500\n눈\n\n2\n" in new


def test_text_without_times_is_refused():
    with pytest.raises(UserError, match="no line with times"):
        subtitles.read(b"hello\n", "x.srt")
