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

CATALOGUE = r'''# A header comment
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
'''


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
    (tmp_path / "x.po").write_text(filled(CATALOGUE, lambda u: u), "utf-8")
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
