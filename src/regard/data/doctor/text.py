"""What the checks know about text: a normal form, scripts of letters, hashed trigrams.

Legend: `N` trigrams of all texts together.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

_BLANK = "\u200b\u200c\u200d\u2060\ufeff\u00ad\x00"  # takes no room and is not whitespace to Python


def bare(text: str) -> str:
    """Return the text without the white and the invisible around it."""
    return text.strip().strip(_BLANK).strip()


class _Squeeze(dict[int, str]):
    """A translation table that fills itself: punctuation and separators become blanks."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = " " if unicodedata.category(char)[0] in "PZC" else char
        return self[code]


_SQUEEZE = _Squeeze()


def normalise(text: str) -> str:
    """Return the text case-folded, in one Unicode form, punctuation and whitespace squeezed.

    A line of nothing but punctuation is returned as it is, else all such lines would be equal.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_SQUEEZE)
    return " ".join(folded.split()) or text.strip()


# One letter for each script, so that a translated text can be counted with str.count.
_CODES = {
    "LATIN": "l", "CYRILLIC": "c", "GREEK": "g", "HANGUL": "h", "CJK": "j", "HIRAGANA": "k",
    "KATAKANA": "k", "ARABIC": "a", "HEBREW": "b", "DEVANAGARI": "d", "THAI": "t", "BENGALI": "e",
    "TAMIL": "m", "TELUGU": "u", "GEORGIAN": "o", "ARMENIAN": "n", "ETHIOPIC": "i", "KHMER": "r",
    "LAO": "q", "MYANMAR": "y", "SINHALA": "s", "GUJARATI": "w", "GURMUKHI": "p", "KANNADA": "x",
    "MALAYALAM": "v",
}  # fmt: skip
_OTHER = "?"
NAMES = {
    "l": "Latin", "c": "Cyrillic", "g": "Greek", "h": "Hangul", "j": "Han", "k": "Kana",
    "a": "Arabic", "b": "Hebrew", "d": "Devanagari", "t": "Thai",
}  # fmt: skip
NAMES |= {code: name.title() for name, code in _CODES.items() if code not in NAMES}

_LANGUAGES = {
    "l": "en de fr es cs it pt nl pl sv da no nb nn is fi et lv lt hu ro sk sl hr bs sq tr az uz "
    "vi id ms tl sw af ca gl eu ga cy mt eo la",
    "c": "ru uk be bg mk mn kk ky tg", "g": "el", "h": "ko", "j": "zh yue", "jk": "ja",
    "a": "ar fa ur ps", "b": "he yi", "d": "hi mr ne", "t": "th", "e": "bn", "m": "ta", "u": "te",
    "o": "ka", "n": "hy", "i": "am ti", "r": "km", "q": "lo", "y": "my", "s": "si", "w": "gu",
    "p": "pa", "x": "kn", "v": "ml", "lc": "sr",
}  # fmt: skip
_SCRIPTS = {code: frozenset(s) for s, codes in _LANGUAGES.items() for code in codes.split()}


def base_code(language: str) -> str:
    """Return the bare language of a code: `pt` of `pt_BR`."""
    return re.split(r"[-_]", language.strip().lower(), maxsplit=1)[0]


def scripts_of(language: str) -> frozenset[str]:
    """Return the script letters a language is written with; none for a language we do not know."""
    return _SCRIPTS.get(base_code(language), frozenset())


class _Script(dict[int, str | None]):
    """A translation table that fills itself: letters become script letters, the rest goes."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        self[code] = _script(char) if unicodedata.category(char)[0] in "LM" else None
        return self[code]


def _script(char: str) -> str | None:
    words = re.split(r"[ -]", unicodedata.name(char, ""))
    if words[0] in ("FULLWIDTH", "HALFWIDTH"):
        words = words[1:]
    if words[0] == "IDEOGRAPHIC":
        return _CODES["CJK"]
    unknown = _OTHER if unicodedata.category(char)[0] == "L" else None  # a mark belongs to all
    return _CODES.get(words[0], unknown) if words else unknown


_SCRIPT = _Script()


def letters(text: str) -> str:
    """Return the script letter of each letter of the text (`NAMES` spells them out)."""
    return text.translate(_SCRIPT)


def share(scripts: frozenset[str], spelt: str) -> float:
    """Return what share of the `letters` of a text is in one of the scripts."""
    return sum(map(spelt.count, scripts)) / len(spelt) if spelt else 0.0


def trigrams(texts: Sequence[str], bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the character trigrams of the texts, blanks around each: its text's index and hash.

    Two arrays (N,), int64, in the order of the texts; hashes below 2**bits. A text of n characters
    has n trigrams.
    """
    joined = "".join(f" {text} " for text in texts)
    chars = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(texts)), [len(text) + 2 for text in texts])
    if len(chars) < 3:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    wide = chars.astype(np.uint64)
    # a code point has 21 bits, so three fit into one word and nothing is lost before the hash
    packed = wide[:-2] << np.uint64(42) | wide[1:-1] << np.uint64(21) | wide[2:]
    packed ^= packed >> np.uint64(31)  # or the first character would not reach the lower half
    hashed = (packed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - bits)
    inside = owner[:-2] == owner[2:]
    return owner[:-2][inside], hashed[inside].astype(np.int64)
