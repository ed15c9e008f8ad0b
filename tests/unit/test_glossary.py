"""Glossaries: which terms a text has, and whether an answer says what they must be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.data.glossary import Glossary
from regard.recipe import UserError

TERMS = Glossary(
    {"page": "페이지", "home page": "홈", "API": "접점", "C++": "씨쁠쁠", "파일": "file"}
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A Page, and a page.", ["페이지"]),
        ("The home\tpage", ["홈"]),
        ("homepage pages page_2", []),
        ("home page, page", ["홈", "페이지"]),
        ("C++ is no C", ["씨쁠쁠"]),
        ("api는 API", ["접점"]),
        ("파일을 큰파일", ["file"]),
        ("`page` {page} <page> https://a.org/page %(page)s", []),
        (":ref:`the page <page>`", ["페이지"]),
        ("", []),
    ],
)
def test_terms_are_whole_words_outside_marks_the_longest_first(text, wanted):
    assert TERMS.wanted(text) == wanted


@pytest.mark.parametrize(
    ("answer", "obeyed"),
    [("a file", True), ("File!", True), ("files", False), ("profile", False), ("FILE", False),
     ("`file`", False), ("", False), ("a file는", True)],
)  # fmt: skip
def test_an_answer_says_it_as_it_is_written(answer, obeyed):
    assert TERMS.obeyed("파일", answer) == obeyed
    assert TERMS.obeyed("nothing", answer)


pairs = st.dictionaries(st.text("ab가 ", min_size=1), st.text("xy나", min_size=1))


@given(pairs, st.text("ab가. "))
def test_no_term_is_wanted_that_is_not_there(terms, text):
    terms = {key: value for key, value in terms.items() if key.strip()}
    wanted = Glossary(terms).wanted(text)
    flat = " ".join(text.split())
    assert set(wanted) <= {value for key, value in terms.items() if " ".join(key.split()) in flat}


def test_a_file_of_them(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("\ufeffpage\t페이지\tnoun\r\n\n Page \t페이지\nfile\t파일\n", "utf-8")
    assert Glossary.read(path).targets == {"page": "페이지", "file": "파일"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tb\nc d\n", "line 2: has no tab"),
        ("\n\tb\n", "line 2: a side is empty"),
        ("a\t \n", "line 1: a side is empty"),
        ("a\tb\nA\tc\n", "line 2: A is already b"),
    ],
)
def test_what_is_no_pair_is_refused_with_its_line(tmp_path, text, said):
    path = tmp_path / "t.tsv"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match=said):
        Glossary.read(path)
