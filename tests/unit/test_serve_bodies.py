"""Bodies: what is read, and the sentence for everything else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from regard.serve.bodies import Body, Text, checked, document, fields, inlined
from regard.serve.detect import Detector
from regard.serve.errors import Refusal
from regard.serve.kept import plain


class Inner(Body):
    name: Text


class Wish(Body):
    q: Text
    count: int = Field(1, ge=1, le=9)
    share: float = 0.5
    inner: list[Inner] = []


def sentence(data: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        checked(Wish, document(data))
    said = caught.value.sentence
    assert caught.value.status == 400 and "\n" not in said and 8 < len(said) < 250
    return said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is no JSON: Expecting value at line 1, column 1"),
        (b"{", "is no JSON"),
        (b"[]", "a list, where an object with fields is wanted"),
        (b"null", "null, where an object"),
        (b'{"q": "a", "q": "b"}', "'q': stands there twice"),
        (b'{"q": NaN}', "NaN: is no number that JSON knows"),
        (b'{"q": "a", "share": -Infinity}', "-Infinity"),
        (b'{"q": "a", "share": 1e999}', "share: wants a finite number"),
        (b'{"q": "a", "count": ' + b"9" * 5000 + b"}", "a number in it is too long"),
        (b'{"q": "a", "count": ' + b"9" * 4000 + b"}", "count"),
        (b'{"q": "\\ud800"}', "half of a surrogate pair"),
        (b'{"q": "a\\u0000b"}', "q: holds a NUL character"),
        (b'{"q": "\xff"}', "not UTF-8: byte 7"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"q": ' * 100_000, "nested too deep"),
        (b"{}", "q: is missing"),
        (b'{"q": 3}', "q: wants a valid string, got 3"),
        (b'{"q": "a", "count": "3"}', "count: wants a valid integer, got '3'"),
        (b'{"q": "a", "count": 3.0}', "count: wants a valid integer"),
        (b'{"q": "a", "count": true}', "count: wants a valid integer, got true"),
        (b'{"q": "a", "count": 10}', "count: wants less than or equal to 9, got 10"),
        (b'{"q": "a", "cuont": 1}', "cuont: no such field; did you mean 'count'?"),
        (b'{"q": "a", "\\uDfff": 1}', "half of a surrogate pair"),
        (b'{"q": "a", "inner": [{"name": 3}]}', "inner.0.name: wants a valid string, got 3"),
        (b'{"q": "a", "inner": [[]]}', "inner.0"),
        (b'\xef\xbb\xbf{"q": "a"}', "is no JSON"),
    ],
)
def test_a_sentence_for_each_mistake(body, said):
    assert said in sentence(body)


def test_what_is_right_is_read():
    data = '{"q": "네 🙂", "count": 3, "share": 1, "inner": [{"name": ""}]}'.encode()
    assert checked(Wish, document(data)) == Wish(
        q="네 🙂", count=3, share=1.0, inner=[Inner(name="")]
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(), x, max_size=4), max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_json_is_read_as_the_library_reads_it(value):
    assert document(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_read_or_told(data):
    for read in (document, fields):
        try:
            read(data)
        except Refusal as refusal:
            assert refusal.status == 400 and refusal.sentence


def test_forms():
    assert fields(b"q=a+b&q=c&x=%ea%b0%80&y=") == {"q": ["a b", "c"], "x": "가", "y": ""}
    assert checked(Wish, fields(b"q=a&count=3"), strict=False).count == 3
    for wrong in (b"q=%ff", b"&".join(b"a=1" for _ in range(1001)), b"\xff"):
        with pytest.raises(Refusal):
            fields(wrong)


def test_a_schema_stands_by_itself():
    schema = inlined(Wish.model_json_schema())
    assert "$ref" not in json.dumps(schema) and "$defs" not in schema
    assert schema["properties"]["inner"]["items"]["properties"]["name"]["type"] == "string"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.po", "a.po"), ("../../etc/passwd", "passwd"), ("C:\\x\\y.txt", "y.txt"), ("", "file"),
        ("..", "file"), ('a"\r\nX: y.txt', "a_X_y.txt"), ("한국.po", "_.po"),
        ("x" * 200 + ".po", "x" * 77 + ".po"), ("a/", "file"), ("\x00", "_"),
    ],
)  # fmt: skip
def test_a_file_s_name_means_nothing_else(name, found):
    assert plain(name) == found


def test_languages_are_found_among_those_served():
    detector = Detector(["ko", "en", "de", "xx"])
    for text, language in (
        ("안녕하세요", "ko"), ("Where is the station?", "en"), ("Wo ist der Bahnhof?", "de")
    ):  # fmt: skip
        ranked = detector.ranked(text)
        assert ranked[0][0] == language and {x for x, _ in ranked} == {"ko", "en", "de", "xx"}
        assert sum(p for _, p in ranked) == pytest.approx(100, abs=0.2)
    assert detector.language("Wo ist der Bahnhof?", ["en", "ko"])[0] == "en"
    assert detector.language("anything", ["xx"]) == ("xx", 100.0)
    assert len(detector.ranked("")) == 4
