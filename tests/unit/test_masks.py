"""Marks hidden behind reserved tokens: nothing is lost, both sides agree, numbers mean nothing."""

import json
import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regard.data.corpus.base import Row
from regard.data.marks import marks
from regard.data.masks import Masks
from regard.data.parallel import Codec, Config
from regard.data.tokenizer import bpe, byte, char, jamo, unigram
from regard.data.tokenizer.base import RESERVED, load

MASKS = Masks(len(RESERVED))
LETTERS = "".join(RESERVED)
ATOMS = [
    "{name}", "{0}", "%s", "%(n)d", "`foo`", "``a  b``", "<b>", "</b>", "https://a.org/x?y=1",
    ":ref:`Titel <ziel>`", ":func:`f`", "a@b.org", "{{ x }}", "&amp;", "님", "를", " ", "  ", "(",
    ").", "한국어", "der Hund", "\ue000", "\U000f0000", "\U0010fffd", "\ufdd0", "▁", "`", "<", ">",
]  # fmt: skip
TEXT = st.one_of(st.text(), st.lists(st.sampled_from(ATOMS), max_size=12).map("".join))
CONFIGS = {
    "bpe": bpe.Config(vocab=420, dropout=0.2),
    "unigram": unigram.Config(vocab=420),
    "char": char.Config(vocab=420),
    "byte": byte.Config(),
    "jamo": jamo.Config(vocab=420, dropout=0.2),
}
LESSON = [f"der Hund {c} 한국어 사람은 {c}를 읽는다" for c in LETTERS]
MADE = {
    kind: config.train(LESSON * 3, ["<2en>", *RESERVED.values()])
    for kind, config in CONFIGS.items()
}


def row(source: str, target: str) -> Row:
    return Row(source, target, "en-ko")


@settings(max_examples=300, deadline=None)
@given(TEXT)
@example("{name}님 (%s) `foo`를 ``a  b``")
@example(":ref:`Titel <ziel>`를")
@example("{a}" * 40)
def test_what_was_hidden_is_shown_again(text):
    masked = MASKS.of(text)
    assert masked.shown(masked.text) == text
    assert masked.text == masked.like(text)  # a text that is its own answer
    used = [c for c in masked.text if c in RESERVED]
    assert used == list(LETTERS[: len(used)]) == [c for c in masked.hidden]
    parts = [part for mark in marks(text) for part in mark.parts]
    assert len(used) == len(parts) or len(RESERVED) - 1 <= len(used) < len(parts)


def test_a_title_is_left_to_be_translated_and_spaces_stay():
    masked = MASKS.of("Siehe :ref:`den  Titel <ziel>`_, {x}님 (%s).")
    a, b, c, d = LETTERS[:4]
    assert masked.text == f"Siehe {a}den  Titel {b}, {c}님 ({d})."
    assert masked.hidden == {a: ":ref:`", b: "<ziel>`_", c: "{x}", d: "%s"}
    assert masked.shown(f"{c}의 {a}제목 {b}({d})") == "{x}의 :ref:`제목 <ziel>`_(%s)"
    assert masked.shown(f"{a}{LETTERS[9]}") == ":ref:`"  # what was not hidden is nothing


def test_no_text_is_taken_for_a_token():
    for text in ("\ue000 {x}", "\U000f0000", "<mark0> {x}", "".join(RESERVED.values())):
        masked = MASKS.of(text)
        assert masked.shown(masked.text) == text
    half = MASKS.of("\ud800 and {x} \udfff")  # of which no text can hold one
    assert half.text == f"\ufffd and {LETTERS[0]} \ufffd"
    assert half.shown(half.text) == "\ufffd and {x} \ufffd"


def test_more_marks_than_tokens_stay_text():
    many = " ".join(f"{{a{i}}}" for i in range(30))
    masked = MASKS.of(many)
    assert masked.text.split()[:24] == list(LETTERS)
    assert masked.text.split()[24:] == [f"{{a{i}}}" for i in range(24, 30)]
    titled = MASKS.of("{a} " * 23 + "`t <u>` {b}")  # the title wants two
    assert titled.text.split()[23:] == ["`t", "<u>`", LETTERS[23]]
    both = MASKS.row(row(many, many), "")
    assert both.source == both.target and sum(c in RESERVED for c in both.source) == 24


def test_nothing_is_hidden_where_there_are_no_tokens():
    pair = row("{x} \ud800", "{x} \ud801")
    assert Masks(0).row(pair, "") is pair
    assert Masks(0).of(pair.source).text is pair.source


def test_a_row_hides_what_both_sides_have():
    made = MASKS.row(row("{x} and {y} in <b>, {x}", "<b>의 {x}와 %s"), "1 0")
    assert [c for c in made.source if c not in RESERVED] == list(" and {y} in , {x}")
    assert [c for c in made.target if c not in RESERVED] == list("의 와 %s")
    x, b = (c for c in made.source if c in RESERVED)
    assert made.target == f"{b}의 {x}와 %s"
    twice = MASKS.row(row("{0} {0} {0}", "{0}, {0}"), "1 0")
    first, second = (c for c in twice.source if c in RESERVED)
    assert twice.target == f"{first}, {second}" and twice.source == f"{first} {second} {{0}}"


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT, st.text(max_size=3))
def test_rows_lose_nothing_and_share_their_tokens(source, target, key):
    made = MASKS.row(row(source, target), key)
    sides = [[c for c in side if c in RESERVED] for side in (made.source, made.target)]
    assert sorted(sides[0]) == sorted(sides[1]) and len({*sides[0]}) == len(sides[0])
    theirs, ours = (Counter(m.parts for m in marks(text)) for text in (target, source))
    both = (ours & theirs).elements()
    assert len(sides[0]) == sum(map(len, both)) or len(sides[0]) >= len(RESERVED) - 1
    assert made == MASKS.row(row(source, target), key)


def test_numbers_carry_no_meaning_and_all_are_trained():
    texts = [f"{{a{i}}} then {{b{i}}}" for i in range(600)]
    made = [MASKS.row(row(text, text), "3 0").source for text in texts]
    for place in (0, -1):
        counts = Counter(text[place] for text in made)
        assert counts.keys() == set(RESERVED) and max(counts.values()) < 3 * 600 / len(RESERVED)
    again = [MASKS.row(row(text, text), "3 1").source for text in texts]  # another turn
    assert sum(a == b for a, b in zip(made, again, strict=True)) < 30


def test_another_process_draws_the_same():
    texts = [f"{{a{i}}} %s" for i in range(20)]
    code = (
        "import json, sys\nfrom regard.data.corpus.base import Row\n"
        "from regard.data.masks import Masks\n"
        "rows = [Row(t, t, 'a-b') for t in json.loads(sys.stdin.read())]\n"
        "print(json.dumps([Masks(24).row(row, '3 0') for row in rows]))"
    )
    asked = {"input": json.dumps(texts), "text": True, "check": True, "capture_output": True}
    found = subprocess.run([sys.executable, "-c", code], **asked)
    own = [[*MASKS.row(Row(t, t, "a-b"), "3 0")] for t in texts]
    assert json.loads(found.stdout) == own


def test_phrases_for_an_answer_become_what_hides_them():
    masked = MASKS.of("{0} in :ref:`t <u>` and {0}")
    a, b, c, d = LETTERS[:4]
    given = [" {0}", "(:ref:`", "<u>`)", "{0}", "{0}", "say {0}", "Hund"]
    found = masked.phrases(given)
    assert found == [a, f"({b}", f"{c})", d, a, f"say {a}", "Hund"]


# As token ids


@pytest.mark.parametrize("kind", sorted(MADE))
@settings(max_examples=60, deadline=None)
@given(TEXT)
@example("{name}님 (%s) `foo`를  {x} ")
@example("{x}")
@example("한{x}ᄒ\u1161{y}\u11ab")
def test_texts_with_tokens_come_back(kind, text):
    tokenizer, masked = MADE[kind], MASKS.of(text).text
    for rng in (None, random.Random(5)):
        ids = tokenizer.encode([masked, "x", masked], rng)
        assert tokenizer.decode(ids) == [masked, "x", masked]
        ours = [i for i in ids[0] if i in tokenizer.characters]
        assert [tokenizer.characters[i] for i in ours] == [c for c in masked if c in RESERVED]
    if masked == text:
        assert tokenizer.encode([text])[0] == tokenizer.cut([tokenizer.write(text)], None)[0]


@pytest.mark.parametrize("kind", sorted(MADE))
def test_specials_in_order_pieces_without_them_and_saved(kind, tmp_path):
    tokenizer = MADE[kind]
    assert list(tokenizer.reserved.values()) == list(range(5, 29))
    assert not any(c in name for name in tokenizer.names for c in RESERVED)
    assert tokenizer.decode([[5, 0xED + 29, 0xA0 + 29, 0x80 + 29]])[0].count(LETTERS[0]) == 1
    tokenizer.save(tmp_path)
    text = [f"der {LETTERS[3]}를 Hund"]
    assert load(tmp_path).encode(text) == tokenizer.encode(text)
    assert not set(tokenizer.encode(["<mark0> <mark3>"])[0]) & set(tokenizer.characters)


def test_a_word_around_a_token_is_cut_as_without_it():
    tokenizer = MADE["bpe"]
    ids = tokenizer.encode([f"der {LETTERS[0]} Hund"])[0]
    assert tokenizer.pieces(ids, {5: "{x}"}) == [
        *tokenizer.pieces(tokenizer.encode(["der"])[0]), "▁", "{x}",
        *tokenizer.pieces(tokenizer.encode(["Hund"])[0]),
    ]  # fmt: skip


def test_words_are_those_of_the_text_that_is_shown():
    text = "der ``Hund der  Katze``를 {x} an"
    masked, tokenizer = MASKS.of(text), MADE["byte"]
    ids = tokenizer.encode([masked.text])[0]
    hidden = {tokenizer.reserved[c]: part for c, part in masked.hidden.items()}
    index = tokenizer.word_index(text, ids, hidden)
    words = text.split()
    at = {c: index[ids.index(tokenizer.reserved[c])] for c in masked.hidden}
    assert [words[i] for i in at.values()] == ["``Hund", "{x}"]
    assert words[index[-1]] == "an" and words[index[ids.index(5) + 1]] == "Katze``를"
    assert index == sorted(index)


@pytest.mark.parametrize("shared", [True, False])
def test_a_codec_hides_in_training_and_in_use(shared, tmp_path):
    settings = Config.model_validate({
        "corpus": "tsv", "directions": ["en-ko", "ko-en"], "protect": True, "shared": shared,
        "tokenizer": {"vocab": 420},
    })  # fmt: skip
    rows = [Row(f"open {{a{i}}} now", f"{{a{i}}}를 연다", "en-ko") for i in range(50)]
    codec = Codec.train(settings, rows)
    assert codec.target.reserved == codec.source.reserved and len(codec.target.reserved) == 24
    assert not any("a1" in name for side in (codec.source, codec.target) for name in side.names)
    codec.save(tmp_path)
    again = Codec.load(tmp_path, settings)
    sources, golds = again.given(["see {q} {r}"], ["{r}는 {q}"], "en-ko")
    q, r = codec.reserved(sources)[0]
    assert [i for i in golds[0] if i in codec.target.characters] == [r, q]
    assert codec.hidden(codec.masks.of("see {q} {r}")) == {q: "{q}", r: "{r}"}
    assert set(codec.target.characters) < set(codec.silent)
    plain = Codec.train(settings.model_copy(update={"protect": False}), rows)
    assert not plain.target.reserved and plain.masks.of("{x}").text == "{x}"
