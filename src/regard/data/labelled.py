"""Texts with answers: a table whose columns say which is which."""

import os
import random
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from regard.data.corpus import base
from regard.data.reading import Texts
from regard.recipe import Config as Settings
from regard.recipe import Part, UserError


class Labelled(NamedTuple):
    """One row: its one or two texts, and the answer."""

    texts: Texts
    label: str


class Config(Settings):
    """Which table, where it lies, which columns, cut into which tokens.

    `dir`: a folder ($VARIABLES are filled in) or hf:OWNER/NAME. `text`: the column of the text, or
    the two of a pair. `labels`: what each value of the `label` column stands for; if it is given,
    rows of other values are left out. `most`: of more training rows only so many are drawn, the
    same for the same seed (0: all). A row longer than `max_length` tokens is cut.
    """

    corpus: Annotated[Any, Part("data.corpus", default="tsv")] = "tsv"
    dir: str | None = None
    text: tuple[str, ...] = Field(("text",), min_length=1, max_length=2)
    label: str = "label"
    labels: dict[str, str] = {}
    tokenizer: Annotated[Any, Part("data.tokenizer", default="bpe")] = "bpe"
    max_length: int = Field(128, ge=8)
    most: int = Field(0, ge=0)

    @property
    def where(self) -> str | None:
        """`dir`, filled in."""
        return None if self.dir is None else os.path.expandvars(self.dir)

    def rows(self, split: str) -> list[Labelled]:
        """The rows of a split whose label is wanted and whose texts are not blank."""
        return [row for row, _ in self.found(split)]

    def found(self, split: str, more: Sequence[str] = ()) -> list[tuple[Labelled, tuple[str, ...]]]:
        """These rows, and what each has in `more` columns."""
        found, count = [], len(self.text)
        columns = [*self.text, self.label, *more]
        for row in base.fields(self.corpus, self.where, split, columns):
            texts, label, others = row[:count], row[count], row[count + 1 :]
            named = self.labels.get(label) if self.labels else label
            if named is not None and all(text.strip() for text in texts):
                found.append((Labelled(tuple(texts), named), others))
        if not found:
            wanted = f" labelled {', '.join(self.labels)}" if self.labels else ""
            raise UserError(f"data: the {split} rows have no text{wanted}")
        return found

    def drawn(self, seed: int) -> list[Labelled]:
        """The training rows, or `most` of them."""
        rows = self.rows("train")
        if not self.most or len(rows) <= self.most:
            return rows
        return random.Random(seed).sample(rows, self.most)


def labels_of(rows: list[Labelled]) -> list[str]:
    """Every label there is, numbers by size."""
    found = sorted({row.label for row in rows})
    try:
        return sorted(found, key=float)
    except ValueError:
        return found
