"""Translation memories: units that lack a language get it; every other byte stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from regard.data.corpus.tmx import units
from regard.files import tmx
from regard.files.base import Answer, Many
from regard.recipe import UserError

MEMORY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en" segtype='a>b'/><body>
  <tu tuid="1">
    <tuv xml:lang="en-GB"><seg>A <bpt i="1">&lt;b&gt;</bpt>dog<ept i="1">x</ept> &amp; I</seg></tuv>
  </tu>
  <tu><tuv xml:lang="en"><seg>Done</seg></tuv><tuv xml:lang="ko-KR"><seg>끝</seg></tuv></tu>
  <tu><prop type="x">kept</prop><tuv xml:lang="de"><seg>Ja</seg></tuv>
   <tuv xml:lang="EN"><seg>Yes</seg></tuv></tu>
  <tu><tuv xml:lang="en"><seg>Open</seg></tuv><tuv xml:lang="ko"><seg/></tuv></tu>
  <tu><tuv xml:lang="de"><seg>allein</seg></tuv></tu>
</body></tmx>
"""
UNITS = ['A <bpt i="1">&lt;b&gt;</bpt>dog<ept i="1">x</ept> & I', "Yes", "Open"]


def read(text: str = MEMORY) -> tmx.Memory:
    return tmx.read(text.encode(), "x.tmx").aimed("en", "ko")


def test_units_are_what_lacks_the_language():
    whole = tmx.read(MEMORY.encode(), "x.tmx")
    assert isinstance(whole, Many) and whole.units == [] and whole.filled([]) == MEMORY.encode()
    assert read().units == UNITS
    assert whole.aimed("en", "de").units == [UNITS[0], "Done", "Open"]
    with pytest.raises(UserError, match="no unit is in fr; it holds de, en, ko"):
        whole.aimed("fr", "ko")


def test_only_variants_are_added(tmp_path):
    file = read()
    said = [UNITS[0].replace("dog", "<개>"), "네", "열기"]
    knowledge = [(0.834, ""), (None, "no answer held its marks"), (None, "")]
    new = file.filled([Answer(t, *k) for t, k in zip(said, knowledge, strict=True)])
    bare = re.sub(r'\s*<tuv xml:lang="ko-KR" creationtool="regard">.*?</tuv>', "", new.decode())
    assert bare == MEMORY.replace('<tuv xml:lang="ko"><seg/></tuv>', "")
    notes = [e.text for e in etree.fromstring(new).iter("note")]
    assert notes == ["regard: 0.83", "regard: left as the source: no answer held its marks"]
    (tmp_path / "x.tmx").write_bytes(new)
    assert [unit.get("ko") for unit in units(tmp_path / "x.tmx")] == [
        "A <개> & I", "끝", "네", "열기", None
    ]  # fmt: skip
    assert read(new.decode()).units == []
    assert b'\n    <tuv xml:lang="ko-KR" creationtool="regard"><note>' in new


def test_an_answer_that_breaks_its_codes_stays_out():
    file = read()
    assert not file.fits(0, "개") and not file.fits(0, UNITS[0].replace("&lt;b", "&lt;i"))
    assert file.filled([Answer("개"), None, None]).decode() == MEMORY


@given(st.lists(st.text(st.sampled_from("ab<>&\"' 한")), min_size=3, max_size=3), st.integers(0, 7))
def test_whatever_is_answered_the_rest_stays(texts, chosen):
    texts[0] = UNITS[0] + texts[0].replace("<", "(")
    new = read().filled([Answer(t) if chosen >> i & 1 else None for i, t in enumerate(texts)])
    added = [e for e in etree.fromstring(new).iter("tuv") if e.get("creationtool")]
    said = [t for i, t in enumerate(texts) if chosen >> i & 1]
    said = [t.replace(UNITS[0], "A <b>dogx & I") for t in said]
    assert ["".join(e.find("seg").itertext()) for e in added] == said
    bare = re.sub(r'\s*<tuv xml:lang="ko-KR" creationtool="regard">.*?</tuv>', "", new.decode())
    assert bare == (MEMORY.replace('<tuv xml:lang="ko"><seg/></tuv>', "") if chosen & 4 else MEMORY)


@pytest.mark.parametrize(("text", "said"), [("<tmx>", "well-formed"), ("<x/>", "its root is <x>")])
def test_what_is_none_is_refused(text, said):
    with pytest.raises(UserError, match=said):
        tmx.read(text.encode(), "x.tmx")
