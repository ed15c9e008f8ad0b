"""JSON, as programs keep their messages in: every string that is a value; keys, numbers, order and
white space stay.
"""

import json
import re
from collections.abc import Sequence

from regard.data.splicing import spliced
from regard.files.base import Answer, Document, decoded
from regard.recipe import UserError

SUFFIXES = (".json", ".arb")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def read(data: bytes, name: str) -> "Values":
    """Raises UserError with the line of what is wrong."""
    text = decoded(data, name)
    try:
        json.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise UserError(f"{name}: is nested too deep to be read") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{name}, line {error.lineno}: is no JSON ({error.msg})") from None
    return Values(text)


class Values(Document):
    """See `files.base.Document`; a key that begins with @ describes another, as in ARB files."""

    language = None

    def __init__(self, text: str):
        self.text, self.places = text, []
        skipped, depth, key = 0, 0, ""  # how deep the value lies that is left alone
        for match in re.finditer(rf"{STRING.pattern}|[{{}}\[\],]", text, re.DOTALL):
            token = match[0]
            if token in "{[":
                depth += 1
                skipped = skipped or (depth if key.startswith("@") else 0)
                key = ""
            elif token in "}]":
                skipped = 0 if skipped == depth else skipped
                depth -= 1
            elif token == ",":
                key = ""
            elif re.match(r"\s*:", text[match.end() : match.end() + 99]):
                key = json.loads(token)
            elif not skipped and not key.startswith("@") and json.loads(token).strip():
                self.places.append(match.span())
        self.units = [json.loads(text[slice(*place)]) for place in self.places]

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`; a string that was all ASCII stays so where the file is."""
        plain = self.text.isascii() and "\\u" in self.text
        given = zip(self.places, answers, strict=True)
        edits = [(*at, json.dumps(said.text, ensure_ascii=plain)) for at, said in given if said]
        return spliced(self.text, edits).encode()
