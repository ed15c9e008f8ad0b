"""Tokenizers: nothing is lost, the same text gives the same vocabulary, dropout is reproducible."""

import json
import random
import subprocess
import sys
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regard.data.tokenizer import bpe, byte, char, code, jamo, unigram
from regard.data.tokenizer._lattice import Lattice
from regard.data.tokenizer._training import cutter
from regard.data.tokenizer.base import BOS, EOS, PAD, UNK, load
from regard.recipe import Part, UserError

WORDS = [
    "the dog runs through deep snow and a small child sees two dogs in it",
    "Der Hund rennt durch den tiefen Schnee und ein kleines Kind sieht zwei Hunde",
    "한국어 사람은 학교에서 책을 읽는다 우리는 눈을 본다 그가 간다",
]


def sentences(number: int = 600, seed: int = 0) -> list[str]:
    """Small mixed text: words, numbers, signs."""
    rng, found = random.Random(seed), []
    for _ in range(number):
        words = rng.choices(rng.choice(WORDS).split(), k=rng.randint(2, 9))
        found.append(" ".join(words) + rng.choice([".", "!", "?", f" {rng.randint(0, 99)}."]))
    return found


TEXTS = sentences()
CONFIGS = {
    "bpe": bpe.Config(vocab=420, dropout=0.2),
    "unigram": unigram.Config(vocab=420),
    "char": char.Config(vocab=420),
    "byte": byte.Config(),
    "jamo": jamo.Config(vocab=420, dropout=0.2),
    "code": code.Config(vocab=420, dropout=0.2),
}
MADE = {kind: config.train(TEXTS, ["<2en>", "<2ko>"]) for kind, config in CONFIGS.items()}
HOSTILE = [
    "",
    " ",
    "   ",
    " leading and trailing  ",
    "two  spaces\tand\ttabs",
    "▁ and ▁▁the▁",
    "<pad><2en> <0x41> <unk> <bos>",
    "nul \0 and \x1f \x85 \u2028 \x0c",
    "🤡👨‍👩‍👧 café cafe\u0301",
    "مرحبا שלום",
    "한국어 ᄒ ᅡ ᆫ 한 ᄒ\u1161\u11ab \ufdd0\ufdd0가 ㅎㅏㄴ",
    "Python은 漢字カタカナー123,456",
    "\n\n a\r\nb",
    "x" * 3000 + "한" * 3000 + " " * 300,
]
every = pytest.mark.parametrize("kind", sorted(MADE))


@every
def test_what_is_hostile_comes_back(kind):
    tokenizer = MADE[kind]
    assert tokenizer.decode(tokenizer.encode(HOSTILE)) == HOSTILE
    assert tokenizer.decode(tokenizer.encode(HOSTILE, random.Random(1))) == HOSTILE


@every
@settings(max_examples=100, deadline=None)
@given(text=st.one_of(st.text(), st.text("ᄒ\u1161\u11ab하한\ufdd0 ▁<>a", max_size=12)))
def test_every_text_comes_back(kind, text):
    tokenizer = MADE[kind]
    ids = tokenizer.encode([text])
    assert tokenizer.decode(ids) == [text]
    assert UNK not in ids[0]
    assert tokenizer.decode(tokenizer.encode([text], random.Random(3))) == [text]


@every
def test_ids_of_specials_are_fixed_and_leave_no_text(kind):
    tokenizer = MADE[kind]
    names = ("<pad>", "<bos>", "<eos>", "<unk>", "<2en>", "<2ko>")
    assert [tokenizer.special(name) for name in names] == [PAD, BOS, EOS, UNK, 4, 5]
    ids = tokenizer.encode(["the dog"])[0]
    assert tokenizer.decode([[BOS, 4, *ids, EOS, PAD]]) == ["the dog"]
    assert not set(tokenizer.encode(["<pad> <2en> <eos>"])[0]) & set(range(6))
    with pytest.raises(UserError, match=r"no special '<2fr>'; did you mean '<2"):
        tokenizer.special("<2fr>")


@every
def test_saved_and_loaded_is_the_same(kind, tmp_path):
    tokenizer = MADE[kind]
    tokenizer.save(tmp_path / "deep" / "tokenizer")
    loaded = load(tmp_path / "deep" / "tokenizer")
    assert loaded.facts == tokenizer.facts and loaded.size == tokenizer.size
    for rng in (None, 7):
        drawn = [t.encode(TEXTS, rng and random.Random(rng)) for t in (tokenizer, loaded)]
        assert drawn[0] == drawn[1]
    left = {path.name for path in (tmp_path / "deep" / "tokenizer").iterdir()}
    assert left == {"tokenizer.json", "tokenizer_config.json"}


def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(UserError, match="tokenizer_config.json: No such file"):
        load(tmp_path)
    MADE["bpe"].save(tmp_path)
    facts, pieces = tmp_path / "tokenizer_config.json", tmp_path / "tokenizer.json"
    good = facts.read_text("utf-8"), pieces.read_text("utf-8")
    facts.write_text(json.dumps({**json.loads(good[0]), "format": 2}), "utf-8")
    with pytest.raises(UserError, match="format 2, but this version reads 1 at most"):
        load(tmp_path)
    for text in (good[0][:-9], good[0].replace("spaced", "../x"), "[]"):
        facts.write_text(text, "utf-8")
        with pytest.raises(UserError, match="tokenizer_config.json is damaged"):
            load(tmp_path)
    facts.write_text(good[0].replace("<2en>", "<2fr>"), "utf-8")
    with pytest.raises(UserError, match="does not fit"):
        load(tmp_path)
    facts.write_text(good[0], "utf-8")
    pieces.write_text(good[1][: len(good[1]) // 2], "utf-8")
    with pytest.raises(UserError, match="tokenizer.json is damaged"):
        load(tmp_path)


def test_training_is_the_same_in_another_process():
    program = (
        "import json, random, sys; from hashlib import sha256; from regard.recipe import Part\n"
        "texts = json.load(sys.stdin)\n"
        "for kind, settings in json.loads(sys.argv[1]):\n"
        "    made = Part('data.tokenizer').pick({'kind': kind, **settings}).train(texts)\n"
        "    said = [made.model.to_str(), made.encode(texts, random.Random(1))]\n"
        "    print(kind, sha256(json.dumps(said).encode()).hexdigest())\n"
    )
    settings = json.dumps([(kind, config.model_dump()) for kind, config in CONFIGS.items()])
    command = [sys.executable, "-c", program, settings]
    runs = [
        subprocess.run(command, input=json.dumps(TEXTS), capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.splitlines()) == len(CONFIGS)


def test_a_sign_is_no_part_of_a_word():
    tokenizer = MADE["bpe"]
    ids = tokenizer.encode(["Der Hund. Hund", "Hund"])
    assert tokenizer.pieces(ids[0]) == ["▁Der", "▁Hund", ".", "▁Hund"]
    assert ids[1] == ids[0][1:2]  # the first word is what it is elsewhere
    words = [word for word, _ in cutter().pre_tokenize_str(" Python은 1,23 (漢字)  x_y")]
    assert words == [" Python", "은", " 1", ",", "2", "3", " (", "漢字", ")", " ", " x", "_", "y"]


def test_vocabulary_is_no_larger_than_asked_and_rare_characters_are_bytes():
    for kind in ("bpe", "unigram", "char", "jamo"):
        made = CONFIGS[kind].model_copy(update={"vocab": 300, "min_frequency": 3}).train(
            [*TEXTS, "ΩΩ"]
        )  # fmt: skip
        assert made.size <= 300
        assert made.pieces(made.encode(["Ω"])[0])[-2:] == ["<0xCE>", "<0xA9>"]
    assert MADE["bpe"].size == MADE["jamo"].size == 420
    assert MADE["byte"].size == 4 + 2 + 256
    with pytest.raises(UserError, match="too small; specials and bytes take 260"):
        bpe.Config(vocab=200).train(TEXTS)
    with pytest.raises(UserError, match="no text"):
        bpe.Config().train(["", ""])


@every
def test_text_without_a_frequent_character_is_all_bytes(kind):
    rare = {} if kind == "byte" else {"min_frequency": 99}
    tokenizer = type(CONFIGS[kind])(**rare).train(["a b", "c"])
    assert tokenizer.size == 260
    assert tokenizer.decode(tokenizer.encode(["a 한"])) == ["a 한"]


@pytest.mark.parametrize("name", ["2en", "<pad>", "<a b>", "a", "<>"])
def test_specials_that_could_be_text_are_refused(name):
    with pytest.raises(UserError, match="special"):
        byte.Config().train([], [name])
    with pytest.raises(UserError, match="twice"):
        byte.Config().train([], ["<x>", "<x>"])


@pytest.mark.parametrize("kind", ["bpe", "jamo"])
@settings(max_examples=100, deadline=None)
@given(text=st.one_of(st.text(max_size=40), st.sampled_from(TEXTS)))
@example(text="dogdogdogs thethe")
def test_without_dropout_our_merging_equals_theirs(kind, text):
    tokenizer = MADE[kind]
    sampler = type(tokenizer.sampler)(tokenizer.model, 0.0)
    written = [tokenizer.write(text)]
    assert sampler.encode(written, random.Random(0)) == tokenizer.encode([text])


def test_dropout_is_drawn_from_the_given_generator_only():
    tokenizer = MADE["bpe"]
    drawn = tokenizer.encode(TEXTS, random.Random(5))
    assert drawn == tokenizer.encode(TEXTS, random.Random(5))
    assert drawn != tokenizer.encode(TEXTS, random.Random(6))
    plain = tokenizer.encode(TEXTS)
    assert sum(map(len, drawn)) > 1.1 * sum(map(len, plain))
    generator = random.Random(5)
    assert tokenizer.encode(TEXTS) == plain and generator.random() == random.Random(5).random()
    still = bpe.Config(vocab=420).train(TEXTS)
    assert still.encode(TEXTS, random.Random(1)) == still.encode(TEXTS)


def test_dropout_leaves_a_merge_out_as_often_as_it_says():
    sampler = bpe.Config(vocab=264, dropout=0.3).train(["abab"] * 9).sampler
    assert ("a", "b") in sampler.rank
    rng = random.Random(0)
    whole = Counter(tuple(sampler.segment("ab", rng)) for _ in range(4000))
    assert whole[("ab",)] / 4000 == pytest.approx(0.7, abs=0.03)


@every
@pytest.mark.parametrize("text", ["the dog,  runs 🤡! 한국어 책을 x", " a ", "one", "", "  "])
def test_word_index_follows_the_words(kind, text):
    tokenizer = MADE[kind]
    for rng in (None, random.Random(2)):
        ids = tokenizer.encode([text], rng)[0]
        index = tokenizer.word_index(text, ids)
        assert len(index) == len(ids) and index == sorted(index)
        for place, word in enumerate(text.split()):
            mine = [i for i, at in zip(ids, index, strict=True) if at == place]
            assert tokenizer.decode([mine])[0].strip() == word


def test_word_index_of_what_a_model_might_say():
    tokenizer = MADE["byte"]
    ids = [BOS, *tokenizer.encode(["a b"])[0], 6 + 0xF0, EOS]
    assert tokenizer.word_index(tokenizer.decode([ids])[0], ids) == [0, 0, 1, 1, 1, 1]


def test_jamo_sees_letters_and_shows_syllables():
    tokenizer = MADE["jamo"]
    (ids,) = tokenizer.encode(["본다 간다"])
    assert len("".join(tokenizer.names[i] for i in ids)) > len(" 본다 간다")
    assert unicodedata.is_normalized("NFC", tokenizer.decode([ids])[0])
    known = jamo.Config(vocab=1000).train(["학교에서 책을 읽는다"] * 3)
    assert "".join(known.pieces(known.encode(["책을 읽는다"])[0])) == "▁책을▁읽는다"


def segmentations(word):
    """All ways to cut a word."""
    if not word:
        yield []
    for end in range(1, len(word) + 1):
        yield from ([word[:end], *rest] for rest in segmentations(word[end:]))


def test_lattice_equals_counting_every_segmentation():
    pieces = ["a", "b", "c", "ab", "bc", "abc", "ca"]
    p = dict(zip(pieces, [0.2, 0.1, 0.1, 0.2, 0.1, 0.25, 0.05], strict=True))
    scores = np.log([p[piece] for piece in pieces])
    words = {"abc": 3, "cabca": 2, "b": 5, "abcabcab": 1}
    lattice = Lattice(words, pieces)
    expected = Counter()
    for word, n in words.items():
        ways = [way for way in segmentations(word) if set(way) <= set(pieces)]
        mass = [np.prod([p[piece] for piece in way]) for way in ways]
        for way, m in zip(ways, mass, strict=True):
            for piece in way:
                expected[piece] += n * m / sum(mass)
    assert lattice.expect(scores) == pytest.approx([expected[piece] for piece in pieces])
    own = Lattice(dict.fromkeys(pieces, 1), pieces).otherwise(scores)
    assert own[5] == pytest.approx(np.log(0.2 * 0.1))  # ab + c, or a + bc
    assert own[0] == -np.inf
    lattice.keep(np.array([0, 1, 2, 5]))
    smaller = Lattice(words, [pieces[i] for i in (0, 1, 2, 5)])
    kept = scores[[0, 1, 2, 5]]
    assert lattice.expect(kept) == pytest.approx(smaller.expect(kept))


def test_unigram_learns_the_words_of_the_text():
    tokenizer = unigram.Config(vocab=500).train(TEXTS)
    assert tokenizer.pieces(tokenizer.encode(["Der Hund"])[0]) == ["▁Der", "▁Hund"]


def test_kinds_are_the_files():
    learnt = set(Part("data.tokenizer").known()) - {"foreign"}  # which comes with a checkpoint
    assert sorted(learnt) == sorted(CONFIGS)
