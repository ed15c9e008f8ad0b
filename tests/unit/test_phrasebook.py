"""The phrasebook: its grammar, its alignments, its splits."""

import subprocess
import sys
from itertools import islice
from random import Random

import pytest

from regard.data.phrasebook import HELD_OUT, SPLITS, count, describe, english, korean, pairs
from regard.data.phrasebook.grammar import SHAPES, draw
from regard.data.phrasebook.line import Line
from regard.data.phrasebook.splits import LONGEST, drafts


@pytest.fixture(scope="module")
def train():
    return list(islice(drafts("train", 1), 30_000))


POLITE = """읽 읽어요,쓰 써요,먹 먹어요,마시 마셔요,사 사요,보 봐요,오 와요,배우 배워요,
가르치 가르쳐요,듣 들어요,걷 걸어요,받 받아요,닫 닫아요,싣 실어요,돕 도와요,
굽 구워요,줍 주워요,입 입어요,잡 잡아요,짓 지어요,씻 씻어요,웃 웃어요,고르 골라요,
자르 잘라요,나르 날라요,모르 몰라요,바쁘 바빠요,예쁘 예뻐요,크 커요,열 열어요,
만들 만들어요,달 달아요,공부하 공부해요,보내 보내요,되 돼요,쉬 쉬어요,춥 추워요,
맵 매워요,어렵 어려워요,무겁 무거워요,가깝 가까워요,있 있어요,재미있 재미있어요,
계시 계세요,주무시 주무세요,읽으시 읽으세요"""


@pytest.mark.parametrize("stem, form", [row.split() for row in POLITE.replace("\n", "").split(",")])
def test_polite_present(stem, form):
    assert korean.close(stem, True, "present", "요") == (form,)


FORMS = """읽 다 읽는다,만들 다 만든다,가 다 간다,열 다 연다,돕 다 돕는다,듣 다 듣는다,
고르 다 고른다,만들 습니다 만듭니다,읽 습니다 읽습니다,마시 습니다 마십니다,읽 지만 읽지만"""
PAST = """읽 다 읽었다,듣 다 들었다,쓰 다 썼다,굽 요 구웠어요,짓 다 지었다,나르 습니다 날랐습니다,
가 요 갔어요,하 다 했다,오 지만 왔지만,바쁘 다 바빴다,길 다 길었다,읽으시 요 읽으셨어요,
마시 다 마셨다,돕 다 도왔다"""


@pytest.mark.parametrize(
    "tense, row",
    [("present", r) for r in FORMS.replace("\n", "").split(",")]
    + [("past", r) for r in PAST.replace("\n", "").split(",")],
)
def test_closing_forms(tense, row):
    stem, ending, form = row.split()
    assert korean.close(stem, True, tense, ending) == (form,)


EU = """읽 면 읽으면,만들 면 만들면,만들 세요 만드세요,만들 ㄹ 만들,만들 ㄴ 만든,
만들 ㅂ시다 만듭시다,만들 려고 만들려고,읽 ㄹ 읽을,가 ㄹ 갈,듣 면 들으면,돕 ㄹ 도울,짓 면 지으면,
굽 ㄴ 구운,읽 ㅂ시다 읽읍시다,가 ㅂ시다 갑시다,입 면서 입으면서,열 러 열러,
춥 면 추우면"""


@pytest.mark.parametrize("row", EU.replace("\n", "").split(","))
def test_eu_endings(row):
    stem, ending, form = row.split()
    assert korean.eu(stem, ending) == form


PARTICLES = """책 은 책은,의사 은 의사는,수진 이 수진이,민수 이 민수가,빵 을 빵을,사과 을 사과를,
사과 과 사과와,빵 과 빵과,지하철 으로 지하철로,버스 으로 버스로,수진 아 수진아,
민수 아 민수야,손 으로 손으로"""


@pytest.mark.parametrize("row", PARTICLES.replace("\n", "").split(","))
def test_particles(row):
    word, particle, form = row.split()
    assert korean.attach(word, particle) == form


def test_adnominal_copula_and_numbers():
    assert korean.adnominal("읽", True, "present") == "읽는"
    assert korean.adnominal("만들", True, "past") == "만든"
    assert korean.adnominal("맛있", False, "present") == "맛있는"
    assert korean.adnominal("길", False, "present") == "긴"
    assert korean.copula("의사", "past", "요") == "의사였어요"
    assert korean.copula("학생", "present", "요") == "학생이에요"
    assert korean.denied("present", "습니다") == "아닙니다"
    assert [korean.sino(n) for n in (10, 15000, 20000, 35, 111)] == [
        "십", "만 오천", "이만", "삼십오", "백십일",
    ]  # fmt: skip
    assert [korean.native(n) for n in (1, 20, 21, 36)] == ["한", "스무", "스물한", "서른여섯"]
    assert [korean.month(n) for n in (3, 6, 10)] == ["삼월", "유월", "시월"]
    with pytest.raises(ValueError, match="Hangul"):
        korean.attach("x", "은")


def test_english_forms():
    table = {
        ("study", "present-3"): "studies", ("go", "present-3"): "goes", ("be", "present-I"): "am",
        ("have to", "present-3"): "has to", ("pick up", "past-3"): "picked up",
        ("cut", "ing"): "cutting",
        ("write", "ing"): "writing", ("write", "done"): "written", ("plan", "past-p"): "planned",
        ("be", "past-p"): "were", ("listen to", "ing"): "listening to",
        ("play", "past-3"): "played",
    }  # fmt: skip
    assert {key: english.inflect(*key) for key in table} == table
    assert [english.plural(w) for w in ("glass", "strawberry", "potato", "cell phone", "box")] == [
        "glasses", "strawberries", "potatoes", "cell phones", "boxes",
    ]  # fmt: skip
    assert [english.ordinal(n) for n in (1, 12, 20, 25)] == [
        "first", "twelfth", "twentieth", "twenty-fifth",
    ]  # fmt: skip
    assert [english.article(w) for w in ("umbrella", "university", "egg", "car")] == [
        "an", "a", "an", "a",
    ]  # fmt: skip
    assert english.words(15000) == "fifteen thousand"
    assert [english.more(w) for w in ("big", "heavy", "expensive")] == [
        "bigger", "heavier", "more expensive",
    ]  # fmt: skip


@pytest.mark.parametrize("split", SPLITS)
def test_links_cover_every_word_of_both_sides(split):
    for pair in pairs(split, 3000 if split == "train" else 200):
        source, target = len(pair.ko.split()), len(pair.en.split())
        assert {i for i, _, _ in pair.links} == set(range(source)), pair
        assert {j for _, j, _ in pair.links} == set(range(target)), pair
        assert len({(i, j) for i, j, _ in pair.links}) == len(pair.links), pair
        assert any(sure for *_, sure in pair.links), pair
        assert pair.ko[-1] == pair.en[-1] or pair.en[-1] == ".", pair


_KNOWN = (("어제", "yesterday"), ("세", "three"), ("비싼", "expensive"), ("않았다", "not"))


def test_links_of_a_pair_known_by_heart():
    for pair in pairs("train", 4000):
        source, target = pair.ko.rstrip(".?").split(), pair.en.rstrip(".?").split()
        sure = {(source[i], target[j]) for i, j, s in pair.links if s}
        for ko, en in _KNOWN:
            if ko in source and en in target:
                assert (ko, en) in sure, pair
        assert not any(s and target[j] in ("a", "an", "the") for _, j, s in pair.links), pair


def test_splits_are_disjoint_and_distinct(train):
    texts = {split: [pair.ko for pair in pairs(split)] for split in SPLITS[1:]}
    texts["train"] = [draft.pair.ko for draft in train]
    assert [len(texts[s]) for s in SPLITS] == [30_000, 500, 1000, 500, 200]
    assert len(set().union(*texts.values())) == sum(map(len, texts.values()))


def test_held_out_combinations_are_absent_but_their_words_are_known(train):
    seen = set().union(*(draft.combinations for draft in train))
    assert seen.isdisjoint(HELD_OUT)
    assert 15 <= sum(not noun.isdigit() for _, noun in HELD_OUT) <= 30
    words = {word for pair in seen for word in pair}
    assert {word for pair in HELD_OUT for word in pair} <= words
    known = {w.lower().rstrip(",") for d in train for w in d.pair.en.rstrip(".?").split()}
    for draft in islice(drafts("combos", 1), 500):
        assert not HELD_OUT.isdisjoint(draft.combinations)
        assert {w.lower().rstrip(",") for w in draft.pair.en.rstrip(".?").split()} <= known


def test_held_out_combinations_by_their_text(train):
    # independent of what the grammar notes down: look for verb and object side by side
    held = {(verb, noun) for verb, noun in HELD_OUT if not noun.isdigit()}
    forms = {
        f" {english.inflect(verb, form)} {det}{noun}"
        for verb, noun in held
        for form in ("base", "past-3", "present-3", "ing", "done")
        for det in ("", "a ", "an ", "the ", "this ", "that ", "my ")
    }
    text = "\n".join(draft.pair.en.rstrip(".?") + " " for draft in train)
    assert len(held) >= 15
    assert not [form for form in forms if form + " " in text]


def test_long_is_longer_than_train_and_says_nothing_new(train):
    assert max(len(d.pair.ko.split()) for d in train) <= LONGEST[0]
    assert max(len(d.pair.en.split()) for d in train) <= LONGEST[1]
    known = {w.lower().rstrip(",") for d in train for w in d.pair.en.rstrip(".?").split()}
    for pair in pairs("long"):
        assert len(pair.ko.split()) > LONGEST[0] and len(pair.en.split()) > LONGEST[1]
        assert {w.lower().rstrip(",") for w in pair.en.rstrip(".?").split()} <= known


def test_korean_fixes_the_english():
    random, english_of = Random(5).random, {}
    for _ in range(200_000):
        pair = draw(random).pair
        assert english_of.setdefault(pair.ko, pair.en) == pair.en


def test_ten_million_sentences():
    assert count() >= 10_000_000
    # draws with repetition show the size, of one shape alone: the chance that two draws agree is
    # at least one over the number of sentences
    random, drawn = Random(9).random, []
    for _ in range(6000):
        line = Line(random)
        SHAPES["contrast"][0](line)
        drawn.append(" ".join(line.ko))
    repeats = len(drawn) - len(set(drawn))
    assert len(drawn) ** 2 / 2 / max(repeats, 1) >= 10_000_000


def test_shapes_and_lengths_vary(train):
    facts = describe()
    assert len(facts["shapes"]) >= 25 and facts["entries"] >= 250
    assert {draft.pair.shape for draft in train} == set(SHAPES)
    lengths = {draft.lengths[1] for draft in train}
    assert set(range(3, 19)) <= lengths


def test_same_pairs_in_every_process():
    code = (
        "from regard.data.phrasebook import pairs, SPLITS\n"
        "from zlib import crc32\n"
        "rows = [(p.ko, p.en, sorted(p.links)) for s in SPLITS for p in pairs(s, 60, 3)]\n"
        "print(crc32(repr(rows).encode()))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1 and outputs != {""}
    assert pairs("dev", 40) == pairs("dev")[:40]
    assert pairs("train", 40, 1) != pairs("train", 40, 2)


def test_wrong_questions_are_refused():
    with pytest.raises(ValueError, match="no split"):
        pairs("valid")
    with pytest.raises(ValueError, match="needs n"):
        pairs("train")


GOLDEN = (
    (
        "화가는 집에서 은지의 과자를 만들고 싶어 했다.",
        "The painter wanted to make Eunji's cookie at home.",
    ),
    (
        "저는 영호의 지갑을 찾으러 우체국에 왔어요.",
        "I came to the post office to look for Yeongho's wallet.",
    ),
    ("비가 오면 성민은 대학교에 갈 것이다.", "If it rains, Seongmin will go to the university."),
    ("우체국에서 기차를 기다리세요.", "Please wait for a train at the post office."),
    (
        "동현의 컴퓨터는 이 컴퓨터보다 더 무겁다.",
        "Donghyeon's computer is heavier than this computer.",
    ),
    (
        "제 이웃은 민수가 보낸 편지를 버릴 거예요.",
        "My neighbor will throw away the letter that Minsu sent.",
    ),
)


def test_sentences_shown():
    assert set(describe()["examples"]) == set(SHAPES)
    seen = {pair.ko: pair.en for pair in pairs("train", 20_000)}
    for ko, en in GOLDEN:
        assert seen[ko] == en
