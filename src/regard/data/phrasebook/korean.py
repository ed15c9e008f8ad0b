"""Korean morphology for the phrasebook: particles, stem classes, endings and numerals.

A stem is a dictionary form without its last syllable 다. Endings come in three sorts, as in school
grammars: those that follow the stem as it is (고, 지, 기), those that want 으 after a consonant
(으면, 을, 은), and those that want 아 or 어 (아요, 았다).
"""

from functools import cache

_FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"

# Which stems in ㅂ, ㄷ and ㅅ change before a vowel is a fact about each word, not about its sound.
_CHANGING = {
    "ㅂ": set(str.split("돕 굽 줍 눕 춥 덥 맵 쉽 어렵 무겁 가볍 귀엽 뜨겁 차갑 가깝 즐겁 고맙")),
    "ㄷ": set(str.split("듣 걷 싣 깨닫")),
    "ㅅ": set(str.split("짓 낫 붓 잇 긋")),
}
_FIXED_REU = set(str.split("따르 치르 들르 다다르"))  # these lose ㅡ like any other stem in ㅡ
# Vowel-final stems: what 아/어 makes of the stem's vowel. Missing here: a syllable 어 is added.
_MERGE = {
    "ㅏ": "ㅏ", "ㅓ": "ㅓ", "ㅐ": "ㅐ", "ㅔ": "ㅔ", "ㅕ": "ㅕ",
    "ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅣ": "ㅕ", "ㅚ": "ㅙ",
}  # fmt: skip

_PARTICLES = {
    "은": ("은", "는"), "이": ("이", "가"), "을": ("을", "를"), "과": ("과", "와"),
    "으로": ("으로", "로"), "아": ("아", "야"),
}  # fmt: skip


def _split(syllable: str) -> tuple[int, int, int]:
    code = ord(syllable) - 0xAC00
    if not 0 <= code < 11172:
        raise ValueError(f"{syllable!r} is no Hangul syllable, so it takes no Korean ending")
    return code // 588, code % 588 // 28, code % 28


def _join(initial: int, vowel: int, final: int) -> str:
    return chr(0xAC00 + initial * 588 + vowel * 28 + final)


def final(word: str) -> str:
    """The final consonant of the last syllable, or an empty string."""
    return _FINALS[_split(word[-1])[2]]


def with_final(word: str, consonant: str) -> str:
    """`word` with the final consonant of its last syllable replaced."""
    initial, vowel, _ = _split(word[-1])
    return word[:-1] + _join(initial, vowel, _FINALS.index(consonant))


@cache
def attach(word: str, particle: str) -> str:
    """`word` with a particle, named by its form after a consonant where it has two."""
    if particle not in _PARTICLES:
        return word + particle
    after_consonant, after_vowel = _PARTICLES[particle]
    last = final(word)
    if particle == "으로" and last == "ㄹ":
        return word + after_vowel
    return word + (after_consonant if last else after_vowel)


def stem_class(stem: str) -> str:
    """One of 하, 르, ㅡ, vowel, ㄹ, ㅂ, ㄷ, ㅅ (the changing ones) and consonant."""
    last = final(stem)
    if not last:
        if stem[-1] == "하":
            return "하"
        if stem[-1] == "르" and stem not in _FIXED_REU:
            return "르"
        return "ㅡ" if _VOWELS[_split(stem[-1])[1]] == "ㅡ" else "vowel"
    if last == "ㄹ":
        return "ㄹ"
    return last if stem in _CHANGING.get(last, ()) else "consonant"


@cache
def plain(stem: str, ending: str) -> str:
    """The stem with an ending that follows it unchanged; ㄹ falls before ㄴ."""
    if ending[0] in "는니네" and final(stem) == "ㄹ":
        stem = with_final(stem, "")
    return stem + ending


@cache
def eu(stem: str, ending: str) -> str:
    """The stem with an ending of the 으 sort, given without 으: 면, 세요, ㄴ, ㄹ, ㅂ시다, 려고."""
    kind = stem_class(stem)
    if kind == "ㄹ":
        if ending[0] == "ㄹ":
            return stem + ending[1:]
        if ending[0] in "ㄴㅂ니세시십":
            stem = with_final(stem, "")
    elif kind == "ㅂ":
        stem = with_final(stem, "") + "우"
    elif kind == "ㄷ":
        stem = with_final(stem, "ㄹ") + "으"
    elif kind == "ㅅ":
        stem = with_final(stem, "") + "으"
    elif kind == "consonant":
        stem += "으"
    if ending[0] in "ㄴㄹㅂ":
        return with_final(stem, ending[0]) + ending[1:]
    return stem + ending


@cache
def a(stem: str, ending: str = "") -> str:
    """The stem with an ending of the 아/어 sort, given without it: 요, 야, ㅆ다 for the past."""
    form = _a(stem)
    if ending.startswith("ㅆ"):
        return with_final(form, "ㅆ") + ending[1:]
    if ending == "요" and stem.endswith("시") and stem not in ("마시",):
        return stem[:-1] + "세요"  # the honorific 시 makes 세요, not 셔요
    return form + ending


def _a(stem: str) -> str:
    kind = stem_class(stem)
    initial, vowel, _ = _split(stem[-1])
    bright = "아" if _VOWELS[vowel] in "ㅏㅗㅑ" else "어"
    if kind == "하":
        return stem[:-1] + "해"
    if kind == "르":
        before = _VOWELS[_split(stem[-2])[1]]
        return with_final(stem[:-1], "ㄹ") + ("라" if before in "ㅏㅗ" else "러")
    if kind == "ㅡ":
        before = _VOWELS[_split(stem[-2])[1]] if len(stem) > 1 else ""
        vowel = _VOWELS.index("ㅏ" if before in ("ㅏ", "ㅗ") else "ㅓ")
        return stem[:-1] + _join(initial, vowel, 0)
    if kind == "vowel":
        merged = _MERGE.get(_VOWELS[vowel])
        return stem[:-1] + _join(initial, _VOWELS.index(merged), 0) if merged else stem + "어"
    if kind == "ㅂ":
        return with_final(stem, "") + ("와" if stem == "돕" else "워")
    if kind == "ㄷ":
        return with_final(stem, "ㄹ") + bright
    return (with_final(stem, "") if kind == "ㅅ" else stem) + bright


def honorific(stem: str) -> str:
    """The stem that speaks of somebody respected; a few verbs have a word of their own."""
    return {"먹": "드시", "마시": "드시", "자": "주무시"}.get(stem) or eu(stem, "시")


def adnominal(stem: str, verb: bool, tense: str) -> str:
    """The form before a noun; tense is past, present or future (verbs: 읽은, 읽는, 읽을)."""
    if tense == "future":
        return eu(stem, "ㄹ")
    if tense == "present" and (verb or stem[-1] in "있없"):
        return plain(stem, "는")
    return eu(stem, "ㄴ")


@cache
def close(stem: str, verb: bool, tense: str, ending: str) -> tuple[str, ...]:
    """The words that close a clause: tense (past, present, future) and then an ending.

    The ending is a speech level (다, 요, 습니다) or a connective: 고, 지만, 기 때문에, 면, 때.
    """
    if ending == "때":
        return (a(stem, "ㅆ을") if tense == "past" else eu(stem, "ㄹ"), "때")
    if ending == "면":
        return (eu(stem, "면"),)
    if tense == "future":
        last = {"다": "것이다", "요": "거예요", "습니다": "것입니다", "다고": "것이라고"}
        last |= {"고": "것이고", "지만": "것이지만", "기 때문에": "것이기 때문에"}
        return (eu(stem, "ㄹ"), *last[ending].split())
    if tense == "past":
        return tuple(a(stem, "ㅆ" + ("어요" if ending == "요" else ending)).split())
    if ending == "요":
        return (a(stem, "요"),)
    if ending == "습니다":
        stop = final(stem)
        return (stem + ending if stop and stop != "ㄹ" else with_final(stem, "ㅂ") + "니다",)
    if ending in ("다", "다고") and verb:
        stop = final(stem)
        return (stem + "는" + ending if stop and stop != "ㄹ" else with_final(stem, "ㄴ") + ending,)
    return tuple(plain(stem, ending).split())


@cache
def copula(noun: str, tense: str, ending: str) -> str:
    """`noun` with 이다: 의사다, 학생이에요, 의사였다, 학생이라고."""
    stop = bool(final(noun))
    if tense == "past":
        return noun + ("이었" if stop else "였") + ("어요" if ending == "요" else ending)
    if ending == "요":
        return noun + ("이에요" if stop else "예요")
    if ending == "습니다":
        return noun + "입니다"
    if ending == "다고":
        return noun + ("이라고" if stop else "라고")
    return noun + ("이" + ending if stop or ending.startswith("기") else ending)


def denied(tense: str, level: str) -> str:
    """아니다 at a speech level: 아니다, 아니에요, 아닙니다, 아니었어요."""
    if tense == "present":
        return "아니에요" if level == "요" else close("아니", False, tense, level)[0]
    return "아니었" + ("어요" if level == "요" else level)


_DIGITS = str.split(" 일 이 삼 사 오 육 칠 팔 구", " ")
_TENS = str.split(" 열 스물 서른 마흔 쉰 예순 일흔 여든 아흔", " ")
_ONES = str.split(" 한 두 세 네 다섯 여섯 일곱 여덟 아홉", " ")


def sino(number: int) -> str:
    """1 to 99,999,999 in Sino-Korean: 12 십이, 15000 만 오천."""
    if number >= 10000:
        high = "" if number // 10000 == 1 else sino(number // 10000)
        return f"{high}만 {sino(number % 10000)}".rstrip() if number % 10000 else high + "만"
    words = ""
    for unit, name in ((1000, "천"), (100, "백"), (10, "십"), (1, "")):
        digit = number // unit % 10
        words += ("" if digit == 1 and unit > 1 else _DIGITS[digit]) + name if digit else ""
    return words


def native(number: int) -> str:
    """1 to 99 in native Korean, in the form before a counter: 3 세, 20 스무, 21 스물한."""
    return "스무" if number == 20 else _TENS[number // 10] + _ONES[number % 10]


def month(number: int) -> str:
    """The name of a month; June and October lose a consonant."""
    return {6: "유", 10: "시"}.get(number, sino(number)) + "월"
