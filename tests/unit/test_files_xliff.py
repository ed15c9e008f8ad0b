"""XLIFF: segments without a target get one; every other byte stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from regard.files import xliff
from regard.files._xml import ODD, TAG, markup, nested, plain
from regard.files.base import Answer
from regard.recipe import UserError

OLD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- kept --><xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
 <file source-language="en" target-language="ko-KR" datatype="x" original='a>b'><body>
  <trans-unit id="1">
    <source>Press <g id="1">OK</g> &amp; wait</source>
  </trans-unit>
  <trans-unit id="2"><source>Done</source><target state="final">끝</target></trans-unit>
  <trans-unit id="3"><source>Open</source><target state="new"/></trans-unit>
  <trans-unit id="4" translate="no"><source>ACME</source></trans-unit>
  <trans-unit id="5"><source>Line<x id="1"/>break</source><target></target></trans-unit>
 </body></file>
</xliff>
"""
NEW = """<xliff version="2.0" srcLang="en" trgLang="fr"><file id="f"><unit id="u">
<segment state="initial"><source>Yes &lt;b&gt;</source></segment>
<segment><source>No</source><target>Non</target></segment>
</unit></file></xliff>
"""


def filled(text: str, say=str.upper) -> str:
    file = xliff.read(text.encode(), "x.xlf")
    return file.filled([Answer(say(unit)) for unit in file.units]).decode()


def targets(text: str) -> list[str]:
    tree = etree.fromstring(text.encode())
    return ["".join(e.itertext()) for e in tree.iter() if etree.QName(e).localname == "target"]


def test_units_are_what_has_no_target_yet():
    file = xliff.read(OLD.encode(), "x.xlf")
    assert file.language == "ko"
    assert file.units == ['Press <g id="1">OK</g> & wait', "Open", 'Line<x id="1"/>break']


def test_only_targets_are_added():
    say = lambda unit: unit.replace("Press", "눌러").replace("Open", "열기 & <닫기>")  # noqa: E731
    new = filled(OLD, say)
    assert targets(new) == ["눌러 OK & wait", "끝", "열기 & <닫기>", "Linebreak"]
    bare = re.sub(r'\s*<target state="needs-review-translation">.*?</target>', "", new)
    assert bare == re.sub(r'\s*<target state="new"/>|\s*<target></target>', "", OLD)
    assert filled(new, say) == new


def test_markup_that_an_answer_breaks_is_the_source_again():
    new = filled(OLD, lambda unit: unit.replace('<g id="1">OK</g>', '</g>OK<g id="1">'))
    assert targets(new)[0] == "Press OK & wait"


def test_the_second_version_states_it_at_the_segment():
    new = filled(NEW)
    assert xliff.read(NEW.encode(), "x").language == "fr"
    assert targets(new) == ["YES <B>", "Non"]
    assert new.count('state="translated"') == 1 and "initial" not in new


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<xliff><file></xliff>", "line 1: is no well-formed XML"),
        (b"<html/>", "its root is <html>"),
        (b"", "no well-formed"),
        ("<xliff/>".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_none_is_refused(data, said):
    with pytest.raises(UserError, match=said):
        xliff.read(data, "x.xlf")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_goes_in_and_comes_out(text):
    found = markup(text, "no tags here")
    if found is None:
        assert ODD.search(text)
    else:
        assert (etree.fromstring(f"<x>{found}</x>".encode()).text or "") == text
        assert plain(found) == text


@pytest.mark.parametrize(
    ("tags", "right"),
    [("<a><b></b></a>", True), ("<a></b>", False), ("<a>", False), ("</a><a>", False),
     ("<br><x/>", True), ("<!-- c -->", True)],
)  # fmt: skip
def test_tags_must_open_and_close_in_turn(tags, right):
    assert nested(TAG.findall(tags)) == right
