"""What must come through a translation is found, whole, and its loss is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.data.marks import differing, marks, survive

WHOLE = [
    "%s", "%d", "%(name)s", "%1$s", "%.2f", "{name}", "{}", "{0}", "{user.name}", "{x!r}",
    "{n:>10}", "{{ count }}", "{% trans %}", "${home}", "https://example.org/a?b=c",
    "someone@example.org", "<b>", "</a>", '<a href="x">', "<br/>", "&amp;", "&#39;",
    ":mod:`csv`", ":c:func:`PyErr_Print`", "``x = 1``", "`code`", "|version|", "[1]_", "[#note]_",
    "{n, plural, one {# file} other {# files}}", "{g, select, other {{name} came}}",
]  # fmt: skip


@pytest.mark.parametrize("mark", WHOLE)
def test_a_mark_is_found_whole_and_missed_when_it_is_gone(mark):
    text = f"See {mark} there."
    assert [m.parts for m in marks(text)] == [(mark,)]
    assert [text[m.start : m.end] for m in marks(text)] == [mark]
    assert survive(text, f"거기 {mark} 보기")
    assert differing(text, "거기 보기") == ([(mark,)], [])
    assert differing(text, f"{mark} {mark}") == ([], [(mark,)])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (":ref:`the tutorial <tut>` helps", (":ref:`", "<tut>`")),
        ("[the site](https://x.org/a_(b)) helps", ("](https://x.org/a_(b))",)),
        ("`the site <https://x.org/>`_ helps", ("`", "<https://x.org/>`_")),
    ],
)
def test_a_title_is_text_and_its_target_is_not(text, parts):
    assert [m.parts for m in marks(text)] == [parts]
    assert survive(text, text.replace("the", "그"))
    assert not survive(text, text.replace("tut", "x").replace("x.org", "y.org"))


@pytest.mark.parametrize(
    "text",
    ["50% solution", "a < b > c", "3 & 4; 5", "{not closed", "a | b | c", "100 %", "x@y", "C:\\a"],
)
def test_what_only_looks_like_one_is_none(text):
    assert marks(text) == []


def test_an_address_ends_before_the_full_stop():
    assert [m.parts for m in marks("See https://a.org/b. Then (http://c.org).")] == [
        ("https://a.org/b",), ("http://c.org",)
    ]  # fmt: skip


@given(st.text())
def test_every_text_keeps_its_own_marks(text):
    found = marks(text)
    assert survive(text, text)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))


@given(st.lists(st.sampled_from(WHOLE), max_size=5))
def test_the_order_may_change(given_marks):
    assert survive(" , ".join(given_marks), " , ".join(reversed(given_marks)))
