"""XLIFF: segments without a target get one; every other byte stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from regard.data.marks import marks
from regard.files import xliff
from regard.files._xml import ODD, markup, nested, plain, tags_of
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
    bare = re.sub(r'\s*<target state="needs-review-translation" state-q.*?</target>', "", new)
    assert bare == re.sub(r'\s*<target state="new"/>|\s*<target></target>', "", OLD)
    assert filled(new, say) == new


def test_an_answer_that_breaks_its_markup_stays_out():
    file = xliff.read(OLD.encode(), "x.xlf")
    broken = file.units[0].replace('<g id="1">OK</g>', '</g>OK<g id="1">')
    assert not file.fits(0, broken) and file.fits(0, file.units[0])
    assert file.filled([Answer(broken), None, None]).decode() == OLD


CODED = """<xliff version="1.2"><file source-language="en" target-language="ko"><body>
<trans-unit id="1"><source>A <bpt id="1">&lt;b class="x"></bpt>dog<ept id="1">&lt;/b></ept></source>
</trans-unit></body></file></xliff>
"""


def test_what_a_code_holds_is_no_text():
    file = xliff.read(CODED.encode(), "x.xlf")
    unit = 'A <bpt id="1">&lt;b class="x"></bpt>dog<ept id="1">&lt;/b></ept>'
    assert file.units == [unit]
    opening, closing = unit.removeprefix("A ").split("dog")
    assert [m.parts for m in marks(unit)] == [(opening,), (closing,)]
    new = filled(CODED, lambda unit: unit.replace("dog", "<개>"))
    assert unit.replace("dog", "&lt;개>") in new.replace("&gt;", ">")
    assert targets(new) == ['A <b class="x"><개></b>']


def test_how_far_an_answer_can_be_trusted_is_said():
    file = xliff.read(OLD.encode(), "x.xlf")
    said = [Answer(file.units[0], 0.834), Answer("Open", None, "no answer held its marks"), None]
    new = file.filled(said).decode()
    tree = {e.get("id"): e for e in etree.fromstring(new.encode()).iter("{*}trans-unit")}
    one, two = (tree[i].find("{*}target") for i in "13")
    assert one.get("state") == "needs-review-translation"
    assert one.get("state-qualifier") == "leveraged-mt"
    assert tree["1"].find("{*}note").text == "0.83"
    assert [etree.QName(e).localname for e in tree["1"]] == ["source", "target", "note"]
    assert two.get("state") == "needs-translation"
    assert tree["3"].find("{*}note").text == "left as the source: no answer held its marks"
    # a translator empties a target again: the note is replaced
    emptied = re.sub(r'(<target state="needs-review[^>]*>).*?</target>', r"\1</target>", new)
    again = xliff.read(emptied.encode(), "x.xlf")
    assert again.units[0] == file.units[0]
    newer = again.filled([Answer(file.units[0], 0.5), None]).decode()
    assert newer == new.replace(">0.83<", ">0.50<")


def test_the_second_version_states_it_at_the_segment():
    new = filled(NEW)
    assert xliff.read(NEW.encode(), "x").language == "fr"
    assert targets(new) == ["YES <B>", "Non"]
    assert new.count('state="translated"') == 1 and "initial" not in new
    file = xliff.read(NEW.encode(), "x")
    said = file.filled([Answer("Oui", 0.9)]).decode()
    assert '<segment state="translated" subState="regard:0.90">' in said
    assert 'state="initial"' in file.filled([Answer("Yes", None, "why")]).decode()


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
     ("<br><x/>", True), ("<!-- c -->", True), ('<bpt i="1">&lt;b></bpt>', True),
     ('<g><ph x="1">{</ph></g>', True)],
)  # fmt: skip
def test_tags_must_open_and_close_in_turn(tags, right):
    assert nested(tags_of(tags)) == right
