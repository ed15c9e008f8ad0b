"""Hangul in Latin letters, for pictures on machines without a Korean font.

The letters are those of the Revised Romanization of Korean (2000), syllable by syllable: each
syllable is written as it sounds alone, final consonants unreleased (k n t l m p ng), and nothing is
assimilated across a boundary. So 독립 is `dokrip` (the standard, which follows speech, has
`dongnip`) and 한국어 is `hangukeo` (`hangugeo`). One spelling per syllable, whatever stands beside.
"""

import re
import unicodedata

_INITIALS = "g kk n d tt r m b pp s ss - j jj ch k t p h".split()  # noqa: SIM905
_VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split()  # noqa: SIM905
_FINALS = "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split()  # noqa: SIM905

_BASE, _LAST = 0xAC00, 0xD7A3  # the 19 x 21 x 28 composed syllables, in dictionary order
HANGUL = re.compile(
    "[\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb\uffa0-\uffdc]"
)


def romanise(text: str) -> str:
    """The text with its Hangul in Latin letters and everything else as it was.

    Syllables and the modern single letters (jamo) are spelled; a lone silent ㅇ is a hyphen, and an
    obsolete letter stays as it is.
    """
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


def _letter(char: str) -> str:
    code = ord(char)
    if _BASE <= code <= _LAST:
        rest, final = divmod(code - _BASE, 28)
        initial, vowel = divmod(rest, 21)
        return (_INITIALS[initial] + _VOWELS[vowel] + _FINALS[final]).replace("-", "")
    if not HANGUL.match(char):
        return char
    # the letters of keyboards (ㄱ, half width too) are compatibility forms of the conjoining ones
    code = ord(unicodedata.normalize("NFKD", char)[0])
    for first, spelling in ((0x1100, _INITIALS), (0x1161, _VOWELS), (0x11A7, _FINALS)):
        if first <= code < first + len(spelling):
            return spelling[code - first]
    return char
