"""Catalogues: what was empty is filled, everything else stays byte for byte."""

import re
import shutil
import subprocess

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.files import po
from regard.files.base import Answer
from regard.recipe import UserError

CATALOGUE = r"""# A header comment
#
#, fuzzy
msgid ""
msgstr ""
"Language: ko_KR\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"

#. extracted
#: a.py:1
msgid "File"
msgstr "파일"

#: a.py:2
#, python-format
#| msgid "older"
msgctxt "menu"
msgid "Open %s"
msgstr ""

msgid ""
"Two\n"
"lines \"quoted\"\n"
msgstr ""

#, fuzzy
msgid "Draft"
msgstr "초안"
msgid "glued"
msgstr ""

#, python-format
msgid "%d file"
msgid_plural "%d files"
msgstr[0] ""
msgstr[1] ""

#, fuzzy
#~ msgid "gone"
#~ msgstr ""

msgid "after it"
msgstr ""
"""


def read(text: str) -> po.Catalogue:
    return po.read(text.encode(), "x.po")


def filled(text: str, say=lambda unit: unit.upper()) -> str:
    catalogue = read(text)
    return catalogue.filled([Answer(say(unit)) for unit in catalogue.units]).decode()


def test_the_empty_ones_are_its_units_in_order():
    catalogue = read(CATALOGUE)
    assert catalogue.language == "ko"
    assert catalogue.units == [
        "Open %s", 'Two\nlines "quoted"\n', "glued", "%d file", "%d files", "after it"
    ]  # fmt: skip


def test_only_what_was_empty_changes():
    new = filled(CATALOGUE)
    catalogue = {e.msgid: e for e in polib.pofile(new)}
    assert catalogue["Open %s"].msgstr == "OPEN %S"
    assert catalogue["Open %s"].flags == ["fuzzy", "python-format"]
    assert catalogue['Two\nlines "quoted"\n'].msgstr == 'TWO\nLINES "QUOTED"\n'
    assert catalogue["%d file"].msgstr_plural == {0: "%D FILE", 1: "%D FILES"}
    assert catalogue["glued"].fuzzy and catalogue["Draft"].msgstr == "초안"
    assert catalogue["after it"].fuzzy and new.count("#, fuzzy\n#~") == 1
    assert catalogue["gone"].obsolete and catalogue["gone"].msgstr == ""
    kept = [line for line in new.split("\n") if not re.match(r'"?TWO|"LINES|msgstr|#,', line)]
    assert kept == [x for x in CATALOGUE.split("\n") if not re.match(r"msgstr|#,", x)]
    assert filled(new) == new  # nothing left to do


KNOWN = [0.834, None, 0.5, 0.9, 0.7, 1.0]  # of each unit


def said(text: str) -> str:
    """Filled, with what is known of the answers."""
    catalogue = read(text)
    answers = [
        Answer(unit, known, "" if known else "no answer held")
        for unit, known in zip(catalogue.units, KNOWN, strict=True)
    ]
    return catalogue.filled(answers).decode()


def comments(text: str) -> dict[str, str]:
    return {e.msgid: e.tcomment for e in polib.pofile(text) if e.tcomment}


def test_how_far_an_answer_can_be_trusted_stands_in_a_comment():
    new = said(CATALOGUE)
    assert comments(new) == {
        "Open %s": "regard: 0.83", "glued": "regard: 0.50",
        'Two\nlines "quoted"\n': "regard: left as the source: no answer held",
         "%d file": "regard: 0.70", "after it": "regard: 1.00",
    }  # fmt: skip
    assert new.count("# regard: ") == 5 and filled(new) == new


def test_a_comment_of_ours_is_replaced_and_one_of_a_translator_stays():
    old = '# by hand\n#. extracted\n#: a.py:1\n#, c-format\nmsgid "a %s"\nmsgstr ""\n'
    first = read(old).filled([Answer("b %s", 0.25)]).decode()
    assert first == (
        "# by hand\n# regard: 0.25\n#. extracted\n#: a.py:1\n#, fuzzy, c-format\n"
        'msgid "a %s"\nmsgstr "b %s"\n'
    )
    emptied = first.replace('"b %s"', '""')  # by a translator who did not like it
    again = read(emptied).filled([Answer("c %s", 0.5)]).decode()
    assert again == first.replace("0.25", "0.50").replace("b %s", "c %s")
    bare = read(emptied).filled([Answer("c %s")]).decode()
    assert bare == first.replace("# regard: 0.25\n", "").replace("b %s", "c %s")


def test_an_entry_is_filled_with_all_its_forms_or_none():
    catalogue = read(CATALOGUE)
    assert catalogue.filled([None] * 6).decode() == CATALOGUE
    some = [None if unit == "%d files" else Answer(unit) for unit in catalogue.units]
    assert polib.pofile(catalogue.filled(some).decode()).find("%d file").msgstr_plural[0] == ""


NOTES = [
    "# by hand", "#", "#. extracted", "#: a.py:1", "#, python-format", "#, fuzzy",
    '#| msgid "old"', "# regard: 0.11",
]  # fmt: skip
GAPS = ["\n", "\n\n", '\n#~ msgid "x"\n#~ msgstr ""\n\n']
words = st.text(st.sampled_from('ab %s\\n"한\t#~'), max_size=12)
entries = st.tuples(
    st.lists(st.sampled_from(NOTES), max_size=4, unique=True), words, words, st.sampled_from(GAPS)
)
ANSWERS = [None, Answer("x"), Answer("y\nz", 0.5), Answer("z", None, "why")]


def written(given_entries) -> str:
    """A catalogue of them."""
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    for number, (above, source, target, gap) in enumerate(given_entries):
        msgid, msgstr = polib.escape(f"{source}{number}"), polib.escape(target)
        text += "\n".join([*above, f'msgid "{msgid}"', f'msgstr "{msgstr}"']) + gap
    return text


def others(comment: str) -> list[str]:
    """The lines of a comment that are not ours."""
    return [line for line in comment.split("\n") if line and not line.startswith("regard: ")]


@given(st.lists(entries, max_size=5), st.lists(st.sampled_from(ANSWERS), min_size=5, max_size=5))
def test_what_is_not_filled_stays_byte_for_byte(given_entries, answers):
    text = written(given_entries)
    catalogue = read(text)
    answers = answers[: len(catalogue.units)]
    new = catalogue.filled(answers).decode()
    ours = re.compile(r"# regard: .*|#, .*|msgstr .*|\"[xyz].*")
    lines, before = (
        [line for line in one.split("\n") if not ours.fullmatch(line)] for one in (new, text)
    )
    assert lines == before
    said = dict(zip(catalogue.units, answers, strict=True))
    pairs = zip(polib.pofile(new), polib.pofile(text), strict=True)
    for entry, old in ((a, b) for a, b in pairs if not a.obsolete):
        answer = said.get(entry.msgid)
        assert entry.msgstr == (answer.text if answer else old.msgstr)
        assert entry.fuzzy == bool(answer or old.fuzzy)
        assert others(entry.tcomment) == others(old.tcomment)
        assert (entry.comment, entry.occurrences) == (old.comment, old.occurrences)
        if answer:
            told = [x for x in entry.tcomment.split("\n") if x.startswith("regard: ")]
            assert told == ([f"regard: {answer.note}"] if answer.note else [])
        else:
            assert entry.tcomment == old.tcomment


def test_a_language_with_one_form_gets_the_plural():
    one = CATALOGUE.replace("nplurals=2; plural=n != 1;", "nplurals=1; plural=0;")
    one = one.replace('msgstr[1] ""\n', "")
    assert read(one).units[-2] == "%d files"
    assert 'msgstr[0] "%D FILES"' in filled(one)


def test_carriage_returns_stay():
    new = filled(CATALOGUE.replace("\n", "\r\n"))
    assert "\n" not in new.replace("\r\n", "")


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
def test_gettext_reads_it(tmp_path):
    (tmp_path / "x.po").write_text(said(CATALOGUE), "utf-8")
    done = subprocess.run(["msgfmt", "-c", "-o", "/dev/null", tmp_path / "x.po"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t")))
def test_any_answer_is_read_as_it_was_said(answer):
    new = filled('msgid "a"\nmsgstr ""\n', lambda unit: answer)
    assert next(iter(polib.pofile(new))).msgstr == answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('msgid "a"\nmsgstr "b\n', "line 2"),
        ("hello\n", "line 1"),
        ('"loose"\n', "line 1: a string that belongs to no entry"),
        ('msgid ""\nmsgstr "charset=klingon\\n"\n', "no such charset as klingon"),
    ],
)
def test_what_is_none_is_refused_with_its_place(text, said):
    with pytest.raises(UserError, match=said):
        read(text)


def test_bytes_of_another_charset_are_refused():
    with pytest.raises(UserError, match="line 2: is not utf-8"):
        po.read(b'msgid "a"\nmsgstr "\xff"\n', "x.po")
    latin = 'msgid ""\nmsgstr "Content-Type: x; charset=latin-1\\n"\n\nmsgid "a"\nmsgstr ""\n'
    with pytest.raises(UserError, match="msgconv"):
        po.read(latin.encode(), "x.po").filled([Answer("한")])
