"""Files through a real model: marks come through, languages must fit, repeating changes nothing."""

import polib
import pytest
from test_export import cli  # noqa: F401

import regard
from regard.cli.documents import known
from regard.data.marks import survive
from regard.files import po
from regard.files.filling import fill, framed, is_code
from regard.recipe import UserError
from regard.tasks.survive import phrases, surviving

CATALOGUE = """msgid ""
msgstr "Language: en\\n"

msgid "파일 %s 열기"
msgstr ""

msgid "  저는 `code` 를 봅니다.\\n"
"<b>네</b>, {name}!\\n"
msgstr ""

msgid "끝"
msgstr "end"
"""


@pytest.fixture(scope="module")
def mt(tiny_run):
    return regard.load(tiny_run, device="cpu").translator


def test_every_mark_comes_through_or_the_source_does(mt):
    lines = ["%s 열기", "저는 갑니다.", "{a} 와 {b}", "https://a.org 참조", "``x`` 는 <b>크다</b>"]
    for line, kept in zip(lines, surviving(mt, lines), strict=True):
        assert survive(line, kept.text)
        assert (kept.how == "source") == (kept.text == line)
    assert len({kept.how for kept in surviving(mt, lines)}) > 1


def test_what_must_be_said_stands_as_it_stood():
    assert phrases("%s 는 (`x`) 이다") == [" %s", "`x`"]
    assert phrases("see :ref:`the title <x>`") == [" :ref:`", "<x>`"]


def test_white_space_around_lines_stays():
    assert framed("  a b \n\n c") == [("  ", "a b", " \n"), ("\n", "", ""), (" ", "c", "")]
    assert framed("") == []


@pytest.mark.parametrize("text", [">>> import csv", "for x in y:\n    print(x)\n", "$ make"])
def test_a_listing_is_the_same_in_every_language(text, mt):
    assert is_code(text)
    escaped = text.replace("\n", "\\n")
    read = po.read(f'msgid "{escaped}"\nmsgstr ""\n'.encode(), "x.po")
    made = fill(read, mt, None, "x.po", {}, lambda lines: [lines] if lines else [])
    assert polib.pofile(made.data.decode())[0].msgstr == text and made.how["code"] == 1


@pytest.mark.parametrize("text", ["A line.\nAnother.\n", "  one alone", "a - b", "...and so on"])
def test_text_is_none(text):
    assert not is_code(text)


def test_a_catalogue_is_filled(mt):
    read = po.read(CATALOGUE.encode(), "x.po")
    made = fill(read, mt, None, "x.po", {}, lambda lines: [lines])
    entries = {e.msgid: e for e in polib.pofile(made.data.decode())}
    assert made.units == 2 and sum(made.how.values()) == 3
    assert entries["끝"].msgstr == "end" and not entries["끝"].fuzzy
    for source, entry in entries.items():
        assert survive(source, entry.msgstr)
    two = next(e for s, e in entries.items() if s.startswith("  "))
    assert two.fuzzy and two.msgstr.startswith("  ") and two.msgstr.count("\n") == 2


def test_what_a_memory_holds_wins(mt, tmp_path):
    (tmp_path / "m.po").write_text('msgid "파일 %s 열기"\nmsgstr "Open file %s"\n', "utf-8")
    (tmp_path / "m.tsv").write_text("파일 %s 열기\tOpen %s\n", "utf-8")
    (tmp_path / "m.tmx").write_text(
        '<tmx version="1.4"><body><tu><tuv xml:lang="ko"><seg><b/>네</seg></tuv>'
        '<tuv xml:lang="en"><seg>yes</seg></tuv></tu></body></tmx>', "utf-8")  # fmt: skip
    read = po.read(CATALOGUE.encode(), "x.po")
    for name, said in (("m.po", "Open file %s"), ("m.tsv", "Open %s")):
        made = fill(read, mt, None, "x.po", known(tmp_path / name), lambda lines: [lines])
        assert f'msgstr "{said}"' in made.data.decode() and made.how["memory"] == 1
    assert known(tmp_path / "m.tmx") == {"네": "yes"}
    with pytest.raises(UserError, match=".tmx, .po or .tsv"):
        known(tmp_path / "m.txt")


def test_another_language_is_refused(mt):
    read = po.read(CATALOGUE.replace("Language: en", "Language: fr").encode(), "x.po")
    with pytest.raises(UserError, match="is to be in fr, and this run translates ko-en"):
        fill(read, mt, None, "x.po", {}, lambda lines: [lines])


def test_the_command_fills_and_repeats_itself(tiny_run, tmp_path, cli):  # noqa: F811
    old, new = tmp_path / "en.po", tmp_path / "new.po"
    old.write_text(CATALOGUE, "utf-8")
    code, _, err = cli("translate", tiny_run.folder, old, "-o", new, "--device", "cpu")
    assert code == 0 and "2 filled in" in err
    first = new.read_bytes()
    for given in (old, new):  # the old one again, and one where nothing is left to do
        code, _, _ = cli("translate", tiny_run.folder, given, "-o", new, "--device", "cpu")
        assert code == 0 and new.read_bytes() == first
    code, _, err = cli("translate", tiny_run.folder, old, "--json", "--device", "cpu")
    assert code == 2 and "--json is for lines of text" in err
