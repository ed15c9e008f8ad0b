"""HTML: text changes, tags, scripts and code do not."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml

from regard.files import html
from regard.files.base import Answer

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Kept</title><style>p > a {}</style></head>
<body class='x>y'>
<h1>Hello &amp; <em class="a">welcome</em></h1>
<!-- <p>no</p> -->
<p>One<br>two &lt;b&gt;</p><p translate="no">ACME <span>x</span></p>
<ul><li>First<li>Second <a href="?a=1&amp;b=2">link</a></ul>
<script>if (a < b) { "<p>x</p>" }</script>
<pre>kept <b>too</b></pre>
<div>loose <div>inner</div> end</div>
<p class="notranslate"><span class="notranslate">a</span> b</p>
</body></html>
"""
UNITS = [
    'Hello & <em class="a">welcome</em>', "One<br>two <b>", "First",
    'Second <a href="?a=1&amp;b=2">link</a>', "loose", "inner", "end",
]  # fmt: skip


def filled(text: str, say) -> str:
    page = html.read(text.encode(), "x.html")
    return page.filled([Answer(say(unit)) for unit in page.units]).decode()


def test_its_units_are_runs_of_text():
    assert html.read(PAGE.encode(), "x").units == UNITS


def test_nothing_else_changes():
    assert filled(PAGE, lambda unit: unit) == PAGE
    new = filled(PAGE, lambda unit: unit.replace("Hello", "<안녕>").replace("loose", "A&B"))
    assert new == PAGE.replace("Hello", "&lt;안녕&gt;").replace("loose", "A&amp;B")
    tags = [element.tag for element in lxml.fromstring(PAGE).iter()]
    assert [element.tag for element in lxml.fromstring(new).iter()] == tags


def test_an_answer_that_breaks_its_tags_stays_out():
    new = filled(PAGE, lambda unit: unit.replace("</em>", "").upper() if "em" in unit else unit)
    assert new == PAGE


@given(st.text(st.sampled_from("ab <>&/p\"'=!-")))
def test_whatever_it_holds_can_be_written_back(text):
    page = html.read(text.encode(), "x")
    ends = [place for one in page.places for place in one]
    assert ends == sorted(ends)
    assert all(unit.strip() for unit in page.units)
