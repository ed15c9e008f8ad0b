"""Pairs of texts that are the same thing or not, and what group each text belongs to."""

from typing import NamedTuple

from pydantic import Field

from regard.data import labelled
from regard.data.reading import Texts
from regard.recipe import UserError


class Paired(NamedTuple):
    """One row: its two texts, the answer, and the two groups (None if they are not told)."""

    texts: Texts
    label: str
    groups: tuple[str, str] | None


class Config(labelled.Config):
    """Tables of two texts and a label.

    `same`: the label of texts that are the same thing. `groups`: the two columns that say what each
    text is about, so that two of one group are never taken for different; no model sees them.
    """

    text: tuple[str, ...] = Field(("a", "b"), min_length=2, max_length=2)
    same: str = "same"
    groups: tuple[str, ...] = Field((), max_length=2)

    def paired(self, split: str) -> list[Paired]:
        """The rows of a split. Raises UserError unless some are the same and some are not."""
        if len(self.groups) == 1:
            raise UserError("data.groups: wants two columns, one for each text, or none")
        rows = [
            Paired(row.texts, row.label, (groups[0], groups[1]) if groups else None)
            for row, groups in self.found(split, self.groups)
        ]
        labels = {row.label for row in rows}
        if self.same not in labels or len(labels) != 2:
            told = ", ".join(sorted(labels))
            raise UserError(
                f"data.same: the {split} rows must be {self.same!r} or one other label, not {told}"
            )
        return rows
