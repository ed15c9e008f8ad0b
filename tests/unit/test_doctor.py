"""The doctor finds each planted fault where it was planted, and nothing else; its copy is clean."""

import io
import json
import random

import numpy as np
import pytest
from rich.console import Console

from regard.data.doctor import Report, diagnose, halves, render
from regard.data.doctor.base import WHOLE, Row
from regard.data.doctor.lengths import bounds
from regard.data.doctor.near import NEAR, jaccard, matches
from regard.data.doctor.numbers import differ
from regard.data.doctor.scripts import wrong_script
from regard.data.doctor.swaps import Profile
from regard.data.doctor.text import normalise
from regard.recipe import UserError

_SOUNDS = {
    "de": ("sch pf kn ei au ch tz st w r g z", "ä ö ü ei ie au e u", "en er ung cht st z"),
    "en": ("th wh sh qu b c d y j l w", "a ea oo ou i o y", "ing ed ly th ck w"),
    "ko": ("가 나 다 라 마 바 사 아 자 하", "고 로 소 조 모 호 구 수", "는 을 이 에서 합니다"),
    "ru": ("пр ст к м в д л б г", "о а е и у ы", "ть л ый ами ет в"),
}  # fmt: skip
_FUNCTION = {
    "de": ["der", "die", "das", "und", "nicht"], "en": ["the", "of", "and", "with", "was"],
    "ko": ["그"], "ru": ["и"],
}  # fmt: skip


def _word(rng: random.Random, language: str) -> str:
    first, middle, last = (part.split() for part in _SOUNDS[language])
    inner = "".join(rng.choice(middle) + rng.choice(first) for _ in range(rng.randint(0, 1)))
    return rng.choice(first) + inner + rng.choice(middle) + rng.choice(last)


def sentence(rng: random.Random, language: str, words: int) -> str:
    """Return made-up words of the sound of a language, with function words strewn in."""
    chosen = [
        rng.choice(_FUNCTION[language]) if i % 3 == 1 else _word(rng, language)
        for i in range(words)
    ]
    return " ".join(chosen) + "."


def pairs(seed: int, count: int, languages: tuple[str, str]) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    sizes = [rng.randint(10, 18) for _ in range(count)]
    return [
        (sentence(rng, languages[0], size), sentence(rng, languages[1], size)) for size in sizes
    ]


DE_EN = ("de", "en")


@pytest.fixture
def clean() -> dict[str, list[tuple[str, str]]]:
    rows = pairs(1, 500, DE_EN)
    return {"train": rows[:400], "dev": rows[400:450], "test": rows[450:]}


def seen(report: Report) -> list[tuple[str, str, int, str]]:
    return [(f.check, f.split, f.line, f.fix) for f in report.findings]


@pytest.mark.parametrize(
    "languages", [DE_EN, ("ko", "en"), ("en", "ru"), ("ko", "ru"), ("xx", "yy")]
)
def test_clean_rows_give_an_empty_report(languages: tuple[str, str]) -> None:
    made = ("de", "en") if languages == ("xx", "yy") else languages
    rows = pairs(2, 300, made)
    report = diagnose({"train": rows[:250], "test": rows[250:]}, languages)
    assert report.findings == ()
    assert report.cleaned() == {"train": rows[:250], "test": rows[250:]}


LONG = "Wort " * 500
FAULTS = {
    "empty": (lambda s, t: (s, " \t\u00a0"), "empty", "drop"),
    "invisible": (lambda s, t: ("\u200b", t), "empty", "drop"),
    "both empty": (lambda s, t: ("", ""), "empty", "drop"),
    "mojibake": (lambda s, t: (s.replace(".", " für.").encode().decode("latin-1"), t), "encoding",
                 "drop"),
    "quotes": (lambda s, t: (s, t + " It’s".encode().decode("cp1252")), "encoding", "drop"),
    "replacement": (lambda s, t: (s, t + "\ufffd"), "encoding", "drop"),
    "surrogate": (lambda s, t: (s, t + "\udc80"), "encoding", "drop"),
    "control": (lambda s, t: (s + "\x08", t), "control", "drop"),
    "separator": (lambda s, t: (s, "a\u2028" + t), "control", "drop"),
    "copy": (lambda s, t: (s, s + " "), "copy", "drop"),
    "name": (lambda s, t: ("Ada!", "Ada!"), "copy", "none"),
    "script": (lambda s, t: (s, sentence(random.Random(3), "ru", 12)), "script", "drop"),
    "long": (lambda s, t: (LONG, LONG.replace("Wort", "word")), "long", "drop"),
    "ratio": (lambda s, t: (s, t[:8]), "ratio", "drop"),
    "swap": (lambda s, t: (t, s), "swapped", "swap"),
    "numbers": (lambda s, t: (s + " 17", t + " 71 5"), "numbers", "none"),
    "missing number": (lambda s, t: (s, t + " 1984"), "numbers", "none"),
    "address": (lambda s, t: (s + " https://a.example/b?c=12", t), "markup", "none"),
    "placeholder": (lambda s, t: (s + " %(name)s {x}", t + " {x}"), "markup", "none"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_nothing_else(fault: str, clean: dict) -> None:
    plant, check, fix = FAULTS[fault]
    original = clean["train"][122]
    clean["train"][122] = plant(*original)
    report = diagnose(clean, DE_EN)
    assert seen(report) == [(check, "train", 123, fix)]
    assert (report.findings[0].source, report.findings[0].target) == clean["train"][122]
    kept = report.cleaned()["train"]
    assert len(kept) == (399 if fix == "drop" else 400)
    assert (kept[122] == original) == (fix == "swap")


@pytest.mark.parametrize("fault", FAULTS)
def test_held_out_rows_are_shown_and_only_dropped_if_empty(fault: str, clean: dict) -> None:
    plant, check, fix = FAULTS[fault]
    clean["test"][7] = plant(*clean["test"][7])
    fix = fix if check in ("empty", "swapped") else "none"
    assert seen(diagnose(clean, DE_EN)) == [(check, "test", 8, fix)]


def test_duplicates_keep_the_first(clean: dict) -> None:
    rows = clean["train"]
    rows.insert(50, rows[9])
    rows.append((rows[3][0], sentence(random.Random(4), "en", 12)))
    report = diagnose(clean, DE_EN)
    assert seen(report) == [
        ("duplicate", "train", 51, "drop"), ("retranslated", "train", 402, "none")
    ]  # fmt: skip
    assert "line 10" in report.findings[0].why and "line 4 " in report.findings[1].why
    assert report.cleaned()["train"] == rows[:50] + rows[51:]


def loud(text: str) -> str:
    return text.upper().replace(" ", ",  ").replace(".", "!")


@pytest.mark.parametrize("side", ["pair", "source", "target"])
def test_leaks_are_found_through_case_punctuation_and_spacing(side: str, clean: dict) -> None:
    other, (source, target) = pairs(5, 1, DE_EN)[0], clean["test"][20]
    leak = (loud(source) if side != "target" else other[0],
            loud(target) if side != "source" else other[1])  # fmt: skip
    other = clean["train"][77]
    if side != "pair":
        leak = (leak[0], other[1]) if side == "source" else (other[0], leak[1])
    clean["train"][77] = leak
    report = diagnose(clean, DE_EN)
    checks = [found for found in report.findings if found.check != "ratio"]
    assert [(f.check, f.split, f.line, f.fix) for f in checks] == [("leak", "train", 78, "drop")]
    assert "line 21 of test" in checks[0].why and side in checks[0].why
    assert report.cleaned()["test"] == clean["test"]


def test_a_short_line_met_again_is_no_leak(clean: dict) -> None:
    clean["train"][5], clean["dev"][5] = ("Gut so.", "Fine then, I say."), ("Gut so!", "Very well.")
    assert seen(diagnose(clean, DE_EN)) == [("leak", "train", 6, "none")]


@pytest.mark.parametrize("language", ["de", "ko"])
def test_near_leaks_are_found_by_either_side(language: str) -> None:
    rows = pairs(6, 450, (language, "en"))
    train, dev = rows[:400], rows[400:]
    words = sentence(random.Random(7), language, 20).split()
    dev[11] = (" ".join(words), dev[11][1])
    changed = words[:9] + [_word(random.Random(8), language)] + words[10:]
    train[30] = (" ".join(changed).replace(" ", ", ", 2), train[30][1])
    report = diagnose({"train": train, "dev": dev}, (language, "en"))
    near = [found for found in report.findings if found.check == "near leak"]
    assert [(f.split, f.line, f.fix) for f in near] == [("train", 31, "drop")]
    assert "line 12 of dev" in near[0].why and "source" in near[0].why
    turned = {name: [(t, s) for s, t in part] for name, part in (("train", train), ("dev", dev))}
    other = [f.why for f in diagnose(turned, ("en", language)).findings if f.check == "near leak"]
    assert other == [near[0].why.replace("source", "target")]


def test_near_matches_are_those_of_brute_force() -> None:
    rng = random.Random(9)
    held = [sentence(rng, "de", rng.randint(2, 60)) for _ in range(30)]
    texts = [sentence(rng, "de", rng.randint(2, 60)) for _ in range(40)]
    for original in held:
        for edits in range(1, 5):
            words = original.split()
            for _ in range(edits):
                words[rng.randrange(len(words))] = _word(rng, "de")
            texts.append(" ".join(words))
    found = matches(texts, held)
    for mine, text in enumerate(texts):
        best = max(jaccard(text, other) for other in held)
        fewest = len({f" {text} "[i : i + 3] for i in range(len(text))})
        if best >= NEAR and fewest >= 20:
            assert found[mine][1] == best == jaccard(text, held[found[mine][0]])
        elif best < NEAR:
            assert mine not in found
    assert len(found) > 30


@pytest.mark.parametrize("languages", [DE_EN, ("ko", "en"), ("ru", "ko")])
def test_swapped_rows_are_found_without_false_alarms(languages: tuple[str, str]) -> None:
    rows = pairs(10, 600, languages)
    lines = sorted(random.Random(11).sample(range(600), 40))
    mixed = [(t, s) if i in lines else (s, t) for i, (s, t) in enumerate(rows)]
    report = diagnose({"train": mixed}, languages)
    assert seen(report) == [("swapped", "train", i + 1, "swap") for i in lines]
    assert report.cleaned()["train"] == rows


@pytest.mark.parametrize("languages", [DE_EN, ("ko", "en"), ("ru", "ko")])
def test_a_split_the_wrong_way_round_is_one_finding(languages: tuple[str, str]) -> None:
    rows = pairs(12, 300, languages)
    wrong = [(t, s) for s, t in rows[250:]]
    wrong[4] = wrong[4][::-1]  # one that is right, and so wrong once its split has been put right
    report = diagnose({"train": rows[:250], "test": wrong}, languages)
    assert seen(report) == [("languages", "test", WHOLE, "swap"), ("swapped", "test", 5, "swap")]
    assert report.cleaned() == {"train": rows[:250], "test": rows[250:]}
    assert report.totals["swapped"] == 51


def test_a_row_does_not_vouch_for_itself() -> None:
    swapped = "jukebox quiz vow flight"
    rows = [Row(1, swapped, "one"), Row(2, "two", swapped)]
    profile = Profile(rows)
    assert profile.evidence([swapped], 0, learnt=True)[0] > 0
    assert profile.evidence([swapped], 0, learnt=False)[0] == 0


def test_what_is_within_the_length_bounds_has_the_same_bounds() -> None:
    rng = np.random.default_rng(0)
    ratios = np.concatenate([rng.normal(0, 0.15, 60), rng.uniform(0.5, 4, 39)])
    middle, limit = bounds(ratios)
    kept = ratios[np.abs(ratios - middle) <= limit]
    assert 60 <= len(kept) < len(ratios)
    assert bounds(kept) == (middle, limit)


def test_scripts_by_language() -> None:
    texts = {
        "ko": "오늘은 날씨가 아주 좋습니다 정말로", "ja": "きょうはとてもいい天気ですねえ、本当に",
        "zh": "今天的天气真的非常好我们去公园吧", "ru": "Сегодня очень хорошая погода",
        "ar": "الطقس جميل جدا اليوم", "el": "Σήμερα ο καιρός είναι ωραίος",
        "he": "מזג האוויר היום יפה מאוד", "hi": "आज मौसम बहुत अच्छा है और धूप है",
        "th": "วันนี้อากาศดีมากจริงๆ", "en": "The weather is very fine today",
    }  # fmt: skip
    for language in texts:
        for other, foreign in texts.items():
            right = other == language or (language, other) == ("ja", "zh")
            assert (wrong_script(foreign, language) is None) == right, (language, other)
    assert wrong_script(texts["ru"], "xx") is None
    assert wrong_script("ModuleNotFoundError 예외가 발생합니다", "ko_KR") is None


def test_numbers_that_only_look_different() -> None:
    for source, target in [
        ("1,000.5 km", "1.000,5 km"), ("10:30 Uhr", "10.30"), ("3 dogs", "drei Hunde"),
        ("٣٤", "34"), ("12/5", "5. 12."),
    ]:  # fmt: skip
        assert differ(source, target) == ([], []), (source, target)
    assert differ("im Jahr 1984", "in 1985") == (["1984"], ["1985"])
    assert differ("5 Hunde", "7 dogs") == (["5"], ["7"])


def test_normal_form() -> None:
    assert normalise(" Straße—und\u3000ＡＢＣ!! ") == "strasse und abc"
    assert normalise("\u1112\u1161\u11ab") == "한"
    assert normalise("किताब") != normalise("कोताब") and " " not in normalise("किताब")
    assert normalise("?!") != normalise("...")


def numbered(count: int) -> tuple[list[str], list[str]]:
    rows = [(s + f" {i}", t + f" {i}") for i, (s, t) in enumerate(pairs(14, count, DE_EN))]
    return [s for s, _ in rows], [t for _, t in rows]


@pytest.mark.parametrize("missing", [1, 2, 3])
@pytest.mark.parametrize("side", [0, 1])
def test_halves_that_slip_are_placed(missing: int, side: int) -> None:
    files = numbered(300)
    assert halves(*files) is None
    del files[side][119 : 119 + missing]
    found = halves(*files)
    assert found is not None and found.check == "halves" and found.severity == "error"
    assert f"{300 - missing} " in found.why and "300 " in found.why
    # where the source has lines too many, none of them has a partner at any offset
    assert 120 <= found.line <= (119 + missing if side else 120)
    assert ("source" if side else "target") + f" is {missing} line" in found.why
    files[side].extend(["Ende."] * missing)  # the counts agree again, the lines do not
    again = halves(*files)
    assert again is not None and again.line == found.line


def test_halves_without_numbers_slip_by_length_and_endings() -> None:
    rng = random.Random(15)
    shapes = [(rng.randint(3, 30), rng.choice(".?!")) for _ in range(400)]
    rows = [(sentence(rng, "de", n)[:-1] + end, sentence(rng, "en", n)[:-1] + end)
            for n, end in shapes]  # fmt: skip
    source, target = [s for s, _ in rows], [t for _, t in rows]
    assert halves(source, target) is None
    found = halves(source[:200] + source[201:], target)
    assert found is not None and abs(found.line - 201) <= 3


def test_halves_that_end_at_different_lines() -> None:
    source, target = numbered(100)
    found = halves(source, target[:60])
    assert found is not None and (found.line, found.target) == (61, "")
    assert halves([], []) is None
    nothing = halves(["a"], [])
    assert nothing is not None and nothing.line == 1


def dirty() -> dict[str, list[tuple[str, str]]]:
    rows = pairs(16, 700, DE_EN)
    splits = {"train": rows[:600], "dev": rows[600:650], "test": [(t, s) for s, t in rows[650:]]}
    for place, (plant, _, _) in enumerate(FAULTS.values()):
        for line in range(place, 400, 40):
            splits["train"][line] = plant(*splits["train"][line])
    splits["train"] += splits["train"][100:160] + [(s + " Ja", t) for s, t in splits["dev"][:20]]
    splits["train"] += splits["test"][:5]  # leaks, and the wrong way round
    return splits


def test_the_clean_copy_is_clean_and_stays_as_it_is() -> None:
    splits = dirty()
    report = diagnose(splits, DE_EN)
    cleaned = report.cleaned()
    again = diagnose(cleaned, DE_EN)
    assert report.totals["dropped"] > 150 and report.totals["swapped"] > 50
    assert {found.severity for found in again.findings} == {"note"}
    assert {found.fix for found in again.findings} == {"none"}
    assert again.cleaned() == cleaned
    assert len(cleaned["dev"]) == len(cleaned["test"]) == 50


def test_the_same_rows_give_the_same_report_and_stay_untouched() -> None:
    splits, copy = dirty(), dirty()
    report = diagnose(splits, DE_EN)
    assert splits == copy and report == diagnose(copy, DE_EN)
    assert len({(f.split, f.line) for f in report.findings if f.severity == "warning"}) == sum(
        f.severity == "warning" for f in report.findings
    )


def test_the_report_as_json_and_as_a_table() -> None:
    report = diagnose(dirty(), DE_EN)
    told = json.loads(json.dumps(report.as_dict(limit=3)))
    assert told["counts"] == report.counts and sum(told["counts"].values()) == len(report.findings)
    assert all(len(shown) <= 3 for shown in told["findings"].values())
    assert told["findings"].keys() == told["counts"].keys()
    totals = told["totals"]
    assert totals["kept"] + totals["dropped"] == totals["rows"] == sum(told["rows"].values())
    assert totals["kept"] == sum(map(len, report.cleaned().values()))
    console = Console(file=io.StringIO(), width=100)
    console.print(render(report))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(f"{check} × {count}" in text for check, count in report.counts.items())
    assert "train:1" in text and "\x08" not in text


def test_markup_in_the_text_is_shown_as_text() -> None:
    rows = pairs(17, 30, DE_EN) + [("[red]eins zwei[/] drei[/blue]",) * 2]
    console = Console(file=io.StringIO(), width=100)
    console.print(render(diagnose({"corpus": rows}, DE_EN)))
    assert "[red]eins zwei[/]" in console.file.getvalue()  # type: ignore[attr-defined]


def test_small_and_absent_corpora() -> None:
    with pytest.raises(UserError, match="split"):
        diagnose({}, DE_EN)
    assert diagnose({"train": []}, DE_EN).findings == ()
    assert diagnose({"train": [], "test": pairs(18, 3, DE_EN)}, DE_EN).findings == ()
    assert diagnose({"train": pairs(18, 1, DE_EN), "test": []}, DE_EN).cleaned()["test"] == []
