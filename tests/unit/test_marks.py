"""What must come through a translation is found, whole, and its loss is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.data.marks import between, differing, marks, survive, unglued

WHOLE = [
    "%s", "%d", "%(name)s", "%1$s", "%.2f", "{name}", "{}", "{0}", "{user.name}", "{x!r}",
    "{n:>10}", "{{ count }}", "{% trans %}", "${home}", "https://example.org/a?b=c",
    "someone@example.org", "<b>", "</a>", '<a href="x">', "<br/>", "&amp;", "&#39;",
    ":mod:`csv`", ":c:func:`PyErr_Print`", "``x = 1``", "`code`", "|version|", "[1]_", "[#note]_",
    "{n, plural, one {# file} other {# files}}", "{g, select, other {{name} came}}",
    '<bpt i="1">&lt;b&gt;</bpt>', '<ph x="2">{\\b b}</ph>', '<it pos="begin"/>',
]  # fmt: skip


@pytest.mark.parametrize("mark", WHOLE)
def test_a_mark_is_found_whole_and_missed_when_it_is_gone(mark):
    text = f"See {mark} there."
    assert [m.parts for m in marks(text)] == [(mark,)]
    assert [text[m.start : m.end] for m in marks(text)] == [mark]
    assert survive(text, f"거기 {mark} 보기")
    assert differing(text, "거기 보기") == ([(mark,)], [])
    assert differing(text, f"{mark} {mark}") == ([], [(mark,)])


@pytest.mark.parametrize("mark", [mark for mark in WHOLE if "`" not in mark])
@pytest.mark.parametrize("behind", ["는", "を", "的", "ของ"])
def test_a_particle_behind_a_mark_is_none_of_it(mark, behind):
    assert [m.parts for m in marks(f"{mark}{behind} 보기")] == [(mark,)]


@pytest.mark.parametrize(
    ("text", "found"), [("in %dm %.3fs", ["%d", "%.3f"]), ("%ss", ["%s"]), ("3 %s", ["%s"])]
)
def test_a_unit_behind_a_placeholder_is_none_of_it(text, found):
    assert [m.parts[0] for m in marks(text)] == found


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("in '%(a)s'", "'%(a)s' in '%(a)'"),
        ("file %r", "%r Datei %"),
        ("<b>you</b>", "<b>du</b> b>"),
        ("``x``, no", "``x``, `nein"),
        ("{a} is", "{a} ist {a"),
    ],
)
def test_what_is_left_of_a_broken_mark_is_damage(text, answer):
    assert differing(text, answer) == ([], []) and not survive(text, answer)
    assert survive(text, text + " 5 * 3 = 15 #!")


@pytest.mark.parametrize("text", ["100%sure", "100%süß", "50%d1", "100%да", "10 %ige", "10%ige"])
def test_a_letter_behind_a_percent_sign_makes_it_none(text):
    assert marks(text) == []


@given(st.text(st.sampled_from("ab `<>:/_{}%s\u200b가"), max_size=40))
def test_language_is_what_no_mark_holds(text):
    places = list(between(text))
    assert [place for one in places for place in one] == sorted(x for one in places for x in one)
    held = "".join(part for mark in marks(text) for part in mark.parts)
    assert len(held) + sum(end - start for start, end in places) == len(text)
    rest = "".join(text[start:end] for start, end in places)
    assert sorted(held + rest) == sorted(text)


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


def test_an_address_of_mail_ends_before_a_particle():
    assert [m.parts for m in marks("a.b@c.org으로")] == [("a.b@c.org",)]


def test_an_address_ends_before_the_full_stop():
    assert [m.parts for m in marks("See https://a.org/b. Then (http://c.org).")] == [
        ("https://a.org/b",), ("http://c.org",)
    ]  # fmt: skip


@given(st.text())
def test_every_text_keeps_its_own_marks(text):
    found = marks(text)
    assert survive(text, text)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))


@pytest.mark.parametrize(
    ("text", "answer", "whole"),
    [
        ("<b>a</b> <b>c</b>", "<b>c <b>a</b></b>", False),
        ("<b>a</b> <i>c</i>", "<i>c</i> <b>a</b>", True),
        ("<b>a <i>c</i></b>", "<i>c</i> <b>a</b>", False),
        ("<b>a</b><br>c", "c<br><b>a</b>", True),
        ("<b>a</b><br/>c", "</b>a<b><br/>c", False),
    ],
)
def test_tags_stay_as_deep_in_others_as_they_were(text, answer, whole):
    assert survive(text, answer) == whole


@pytest.mark.parametrize("mark", [":mod:`csv`", "``x = 1``", ":ref:`the title <x>`"])
def test_a_role_that_sticks_to_a_word_is_lost_and_can_be_parted(mark):
    text = f"See {mark}, there."
    assert survive(text, f"{mark}, 보기") and survive(text, f"{mark}\\ 를 ({mark[:0]}보기")
    for stuck in (f"{mark}를 보기", f"보기{mark}"):
        assert not survive(text, stuck) and survive(text, unglued(stuck))
        assert unglued(stuck).replace("\\ ", "") == stuck
        assert survive(stuck, stuck)


@given(st.lists(st.sampled_from([mark for mark in WHOLE if mark[0] != "<"]), max_size=5))
def test_the_order_may_change_where_it_means_nothing(given_marks):
    by_place = [mark for mark in given_marks if mark in ("%s", "%d", "%.2f")]
    may = by_place == by_place[::-1]
    assert survive(" , ".join(given_marks), " , ".join(reversed(given_marks))) == may
