"""API keys: who may ask, and how often. The file holds no key, only what shows that one is known.

A line is NAME, the SHA-256 of the key in hexadecimal, and requests a minute (0: any). Keys are 256
random bits, so a plain hash of one cannot be turned around by guessing.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from regard.recipe import UserError

PREFIX = "rgd_"  # so that a key that got somewhere it should not be can be searched for


class Key(NamedTuple):
    """Somebody who may ask."""

    name: str
    digest: str
    rate: float = 0


def new(name: str, rate: float = 0) -> tuple[str, str]:
    """A fresh key, to be told once, and its line for the file.

    Raises UserError for a name that would not be one word.
    """
    if not re.fullmatch(r"[\w.@-]{1,60}", name):
        raise UserError(f"--new-key {name}: a name is one word of letters, digits and . @ _ -")
    key = PREFIX + secrets.token_urlsafe(32)
    return key, f"{name} {digest(key)} {rate:g}"


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def read(path: str | Path) -> list[Key]:
    """The keys of a file. Raises UserError with the line at fault."""
    found = []
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            name, digest, *rest = words
            (rate,) = map(float, rest or ["0"])
            if not re.fullmatch(r"[0-9a-f]{64}", digest) or not 0 <= rate < 1e9:
                raise ValueError
        except ValueError:
            wanted = "NAME, the key's SHA-256, requests a minute; --new-key NAME makes such a line"
            raise UserError(f"{path}, line {number}: a line is {wanted}") from None
        found.append(Key(name, digest, rate))
    if not found:
        raise UserError(f"{path}: holds no key; --new-key NAME makes one")
    return found


def find(keys: Sequence[Key], given: str) -> Key | None:
    """Whose key this is. How long it takes says nothing about what nearly fits."""
    made, found = digest(given), None
    for key in keys:
        if hmac.compare_digest(made, key.digest):
            found = key
    return found
