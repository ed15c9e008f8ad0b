"""Python programs without what their authors chose freely: layout, comments, names."""

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from pydantic import Field

from regard.data.code.names import numbered, rename
from regard.data.code.normal import parsed, written
from regard.data.code.versions import WORDS
from regard.recipe import UserError
from regard.tasks.view.base import ViewConfig

NUMBERED = re.compile(r"\bv\d+\b")


class Config(ViewConfig):
    """`names`: variables are called what they are, or v0, v1, … in their order, so that renaming
    them changes nothing. `renamed`: the share of training readings in which they are called by
    chance instead.

    What is no Python 3 is read as it is.
    """

    names: Literal["kept", "numbered"] = "numbered"
    renamed: float = Field(0.0, ge=0, le=1)

    @property
    def varied(self) -> bool:
        """If names are drawn."""
        return self.renamed > 0

    def text(self, text: str, rng: random.Random | None = None) -> str:
        """As `ast.unparse` writes it, with these names."""
        if rng is None or rng.random() >= self.renamed:
            return plain(text, self.names == "numbered")
        return called(plain(text, True), WORDS if self.names == "kept" else None, rng)


def called(text: str, pool: Sequence[str] | None, rng: random.Random) -> str:
    """A numbered program whose names are drawn from a pool, or from one another."""
    names = list(dict.fromkeys(NUMBERED.findall(text)))
    if pool is not None and len(pool) < len(names):
        return text
    new = dict(zip(names, rng.sample(pool or names, len(names)), strict=True))
    return NUMBERED.sub(lambda found: new[found[0]], text)


@lru_cache(1 << 16)
def plain(text: str, numbers: bool) -> str:
    """The program normalised; what is none as it is."""
    try:
        tree = parsed(text)
        if numbers:
            rename(tree, numbered)
        return written(tree) or text
    except UserError:
        return text
