"""Text that was decoded with the wrong table, and characters that are none.

UTF-8 read as Latin-1 or Windows-1252 has a leading byte that shows as one accented letter, and
then one or more continuation bytes that show as signs ("Ã¼", "â€™", "í•œ").
"""

import re
from collections.abc import Iterator

from regard.data.doctor.base import Corpus, Finding

_WINDOWS = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # what Windows-1252 shows for 0x80 to 0x9f
_NEXT = rf"[\x80-\xbf{_WINDOWS}]"
_MOJIBAKE = re.compile(
    r"[ÂÃ][\x80-\xbf]"
    rf"|Ã[{_WINDOWS}](?=\w)"  # but "IRMÃ”" may end a quotation
    r"|â€[\x80-\x9f\xa0-\xbf™œ˜“”\x9d¦¢]"
    rf"|(?:[ÐÑÎÏØÙ×]{_NEXT}){{3,}}"  # Cyrillic, Greek, Arabic and Hebrew have two bytes a letter,
    rf"|(?:[ãäåæçèéêëìíà]{_NEXT}{_NEXT}){{2,}}"  # the East Asian and Indic scripts three
)
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|^\ufeff")
_BROKEN = re.compile("[\ufffd\ud800-\udfff]")


def _fault(text: str) -> tuple[str, str] | None:
    """Return the check and the reason of the first sign of broken text, if there is one."""
    if text.isascii() and text.isprintable():  # most lines, at the cost of one look
        return None
    if _BROKEN.search(text):
        return "encoding", "has a replacement character: it was not decoded as it was written"
    if hit := _MOJIBAKE.search(text):
        return "encoding", f"has {hit.group()!r}: UTF-8 that was read as Latin-1"
    if hit := _CONTROL.search(text):
        return "control", f"has the control character U+{ord(hit.group()):04X}"
    return None


def find(corpus: Corpus) -> Iterator[Finding]:
    """Yield an `encoding` or `control` warning for each row with broken text on a side."""
    for split in corpus.splits:
        for line, *texts in corpus.live(split):
            for name, text in zip(("source", "target"), texts, strict=True):
                if fault := _fault(text):
                    check, why = fault
                    yield corpus.finding(check, "warning", split, line, f"the {name} {why}", "drop")
                    break
