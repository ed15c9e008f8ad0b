"""Files through a real model: marks come through, languages must fit, repeating changes nothing."""

import math
import os
import signal
import subprocess
import sys
from copy import copy
from pathlib import Path

import polib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_export import cli  # noqa: F401

import regard
from regard.cli.documents import known
from regard.data.glossary import Glossary
from regard.data.marks import survive
from regard.files import po, tmx
from regard.files.filling import fill, framed, is_code
from regard.recipe import UserError
from regard.tasks.confidence import FEATURES, Confidence, Fit, Weight
from regard.tasks.survive import Kept, alike, mended, phrases, pieces, surviving
from regard.tasks.translator import Translation, Translator

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
    assert phrases("%s 는 (`x`) 이다") == ["%s", "(`x`"]
    assert phrases("see :ref:`the title <x>`") == [":ref:`", "<x>`"]
    assert phrases("<b>%(day)s</b>, **{a}**") == ["<b>%(day)s</b>", "**{a}"]


def test_a_mark_that_was_garbled_is_put_right():
    def made(text: str, *answers: str) -> list[str]:
        return [kept.text for kept in mended(text, [Translation(x) for x in answers])]

    assert made("See %(title)s.", "Sieh %(titel)s.") == ["Sieh %(title)s."]
    assert made("See %s.", "Sieh.", "Sieh %s %s.", "Sieh %s.") == []
    assert made("{a} {b}", "{a} {a}") == []  # which of the two is wrong?
    assert made("See :ref:`x <a>`.", "Sieh :ref:`y <b>`.") == ["Sieh :ref:`y <a>`."]
    assert made("See :mod:`a`.", "봅니다 :mod:`a`를.") == ["봅니다 :mod:`a`\\ 를."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The %r theme has it.", ["The", "theme has it."]),
        (":class:`A`, (see %s) or ``b``", ["see", "or"]),
        (":ref:`the title <x>`", ["the title"]),
        ("%s: %d / 9", []),
    ],
)
def test_between_marks_there_are_pieces(text, said):
    assert [text[a:b] for a, b in pieces(text)] == said


def test_a_part_of_a_sentence_has_no_full_stop_of_its_own():
    assert alike("the theme", "Das Thema.") == "das Thema"
    assert alike("It is.", "Es ist.") == "Es ist."
    assert alike("the", "") == ""


@settings(max_examples=12)
@given(st.lists(st.sampled_from(["%s", "{a}", "`x`", "저는", "책", "<b>", ",", " "]), max_size=6))
def test_whatever_the_text_no_answer_breaks_its_marks(mt, parts):
    line = "".join(parts)
    (kept,) = surviving(mt, [line])
    assert survive(line, kept.text)
    assert (kept.how == "source") == bool(kept.why)


def test_a_glossary_is_obeyed_or_the_source_stays(mt):
    lines = ["저는 학생입니다.", "오늘은 날씨가 좋다.", "파일 %s 열기", "네"]
    terms = Glossary({"학생": "pupil", "날씨": "sky", "파일": "file", "네": "%s"})
    free, found = surviving(mt, lines), surviving(mt, lines, terms=terms)
    for line, kept in zip(lines, found, strict=True):
        assert survive(line, kept.text) and terms.obeyed(line, kept.text) == (kept.how != "source")
    assert [kept.how for kept in found[:2]] == ["forced", "forced"]
    assert found[3] == Kept("네", "source", why="no answer held its terms")
    other = Glossary({"없는": "nothing"})
    assert [x.text for x in surviving(mt, lines, terms=other)] == [x.text for x in free]
    said = free[0].text.split()[0]
    (same,) = surviving(mt, lines[:1], terms=Glossary({"저는": said}))
    assert (same.text, same.how) == (free[0].text, "model")


def test_white_space_around_lines_stays():
    assert framed("  a b \n\n c") == [("  ", "a b", " \n"), ("\n", "", ""), (" ", "c", "")]
    assert framed("") == []


@pytest.mark.parametrize("text", [">>> import csv", "for x in y:\n    print(x)\n", "$ make"])
def test_a_listing_is_the_same_in_every_language(text, mt):
    assert is_code(text)
    escaped = text.replace("\n", "\\n")
    read = po.read(f'msgid "{escaped}"\nmsgstr ""\n'.encode(), "x.po")
    made = fill(read, mt, None, "x.po", {}, lambda lines: [lines] if lines else [])
    assert polib.pofile(made.data.decode())[0].msgstr == text and made.how["same"] == 1


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


MEMORY = """<tmx version="1.4"><header srclang="ko"/><body>
<tu><tuv xml:lang="ko"><seg>파일 <b/>열기</seg></tuv></tu>
<tu><tuv xml:lang="ko"><seg>끝</seg></tuv><tuv xml:lang="en"><seg>end</seg></tuv></tu>
</body></tmx>
"""


def test_a_memory_is_filled(mt):
    made = fill(tmx.read(MEMORY.encode(), "x.tmx"), mt, None, "x.tmx", {}, lambda lines: [lines])
    new = made.data.decode()
    assert made.units == 1 and new.count('xml:lang="en"') == 2 and new.count("<b/>") == 2
    again = fill(tmx.read(made.data, "x.tmx"), mt, None, "x.tmx", {}, lambda lines: [])
    assert again.units == 0 and again.data == made.data


def sure(mt) -> Translator:
    """The translator, sure of its answers to long sources: with a probability of one half of those
    of 11 characters.
    """
    longer = Weight(mean=math.log(12), scale=1, weight=5)
    fit = Fit(bias=0, features={FEATURES[1]: longer}, rows=1, good=0.5, held_out={})
    new = copy(mt)
    new.confidence = Confidence(weights="", directions={"ko-en": fit})
    return new


def test_what_is_too_unsure_stays_untranslated(mt):
    text = (
        'msgid ""\nmsgstr "Language: en\\n"\n\nmsgid "저는 책을 많이 봅니다."\nmsgstr ""\n\n'
        'msgid "저는 봅니다."\nmsgstr ""\n'
    )
    known = [n**5 / (n**5 + 12**5) for n in (14, 8)]
    read, all_ = po.read(text.encode(), "x.po"), lambda lines: [lines] if lines else []
    made = fill(read, sure(mt), None, "x.po", {}, all_, None, 0.5)
    assert (made.units, made.unsure) == (1, 1)
    one, two = polib.pofile(made.data.decode())
    assert one.msgstr and one.fuzzy and one.tcomment == f"regard: {known[0]:.2f}"
    assert (two.msgstr, two.flags, two.tcomment) == ("", [], "")
    made = fill(read, sure(mt), None, "x.po", {"저는 봅니다.": "I look."}, all_, None, 0.95)
    assert [e.msgstr for e in polib.pofile(made.data.decode())] == ["", "I look."]
    made = fill(read, sure(mt), None, "x.po", {}, all_)
    comments = [e.tcomment for e in polib.pofile(made.data.decode())]
    assert comments == [f"regard: {x:.2f}" for x in known]


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
    for file in (old, new):  # the old one again, and one where nothing is left to do
        code, _, _ = cli("translate", tiny_run.folder, file, "-o", new, "--device", "cpu")
        assert code == 0 and new.read_bytes() == first
    code, _, err = cli("translate", tiny_run.folder, old, "--json", "--device", "cpu")
    assert code == 2 and "--json is for lines of text" in err


def test_a_run_that_knows_no_probabilities_says_so(tiny_run, tmp_path, cli):  # noqa: F811
    (tmp_path / "en.po").write_text(CATALOGUE, "utf-8")
    words = ["translate", tiny_run.folder, tmp_path / "en.po", "--min-confidence", "0.5"]
    code, out, err = cli(*words, "--device", "cpu")
    assert code == 2 and out == "" and "--min-confidence needs a run" in err


def test_a_glossary_serves_files_and_lines(tiny_run, tmp_path, cli):  # noqa: F811
    terms = tmp_path / "terms.tsv"
    terms.write_text("학생\tpupil\n없\tnone\n네\t%s\n", "utf-8")
    (tmp_path / "x.tsv").write_text("저는 학생입니다.\n", "utf-8")
    for name, stdin in (("x.tsv", ""), ("-", "저는 학생입니다.\n네\n\n")):
        file = tmp_path / name if stdin == "" else name
        code, out, err = cli("translate", tiny_run.folder, file, "--terms", terms, stdin=stdin)
        assert code == 0 and "pupil" in out.split("\n")[0], err
    assert out.split("\n")[1:] == ["네", "", ""]
    assert "standard input, line 2: left as the source: no answer held its terms" in err
    code, _, err = cli("translate", tiny_run.folder, "--terms", terms, "--n-best", 2, stdin="네\n")
    assert code == 2 and "leave out --n-best" in err
    terms.write_text("a b\n", "utf-8")
    code, _, err = cli("translate", tiny_run.folder, "--terms", terms, stdin="네\n")
    assert code == 2 and "terms.tsv, line 1: has no tab" in err and err.count("\n") == 1


KILLED = """
import os, signal, sys
from regard.cli import main
from regard.files import filling

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "half":  # when some lines have been answered
    calls = iter([filling.surviving, die])
    filling.surviving = lambda *given: next(calls)(*given)
else:  # when the file is written, but for its name
    os.replace = die
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(("when", "same"), [("half", False), ("half", True), ("written", True)])
def test_killed_and_given_again_it_makes_the_same(tiny_run, tmp_path, cli, when, same):  # noqa: F811
    entries = "".join(f'\nmsgid "저는 {i} 봅니다."\nmsgstr ""\n' for i in range(70))
    text = CATALOGUE + entries
    old, whole = tmp_path / "en.po", tmp_path / "whole.po"
    new = old if same else tmp_path / "new.po"
    old.write_text(text, "utf-8")
    assert cli("translate", tiny_run.folder, old, "-o", whole, "--device", "cpu")[0] == 0
    words = ["translate", tiny_run.folder, old, "-o", new, "--device", "cpu"]
    source = str(Path(regard.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", KILLED, when, *map(str, words)], env=env)
    assert done.returncode == -signal.SIGKILL
    assert old.read_text("utf-8") == text and (same or not new.exists())
    assert cli(*words)[0] == 0
    assert new.read_bytes() == whole.read_bytes()
