"""Which words an answer rests on, as several methods see it: holding and saving only.

`attributing` fills it from a model, `attributed.html` and `marked` draw it.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from regard.look import saving
from regard.look.page import filled

SLOPES = ("gradient", "integrated")  # signed: for the answer, or against it
LOOKS = ("attention", "rollout")  # shares of 1
NAMES = {
    "gradient": "gradient × input", "integrated": "integrated gradients",
    "attention": "last layer, mean of heads", "rollout": "rollout through all layers",
}  # fmt: skip
CAVEAT = (
    "The two sides can differ, and neither is the cause. A gradient says how the score would move "
    "if a word's vector did, just here; attention says where the model read from, not what it made "
    "of what it read (Jain & Wallace 2019, arxiv.org/abs/1902.10186). Only a text that is changed "
    "and answered again shows what a word does."
)


@dataclass(frozen=True)
class Attributed:
    """An answer, and a number for each word of each text by each method (None: it was not read).

    `texts`: as the model sees them. `explains`: what the slopes are of; `height`: it is no label's
    score, but goes up and down. `marks`: by method, what falls on what is no word, such as
    the marks around the texts. `missing`: why there is no attention.
    """

    texts: list[str]
    label: str
    probabilities: dict[str, float]
    explains: str
    height: bool
    words: list[list[str]]
    methods: dict[str, list[list[float | None]]]
    marks: dict[str, float]
    missing: str = ""
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def read(self) -> bool:
        """Was every word read, or was the text too long?"""
        return all(x is not None for rows in self.methods.values() for row in rows for x in row)

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {**asdict(self), "read": self.read, "caveat": CAVEAT}

    def save(self, path: str | Path) -> Path:
        """Write a page (.html), a picture (.png) or the data (.json); it appears only complete."""

        def picture() -> bytes:
            from regard.look.figure import png  # matplotlib takes a second to load
            from regard.look.marked import marked

            return png(marked(self))

        return saving.save(path, lambda: html(self), picture, self.record)


def html(found: Attributed) -> str:
    """The page as text: no outside requests, readable from a file, a phone, a keyboard."""
    data = {**found.record(), "names": NAMES, "sides": [SLOPES, LOOKS]}
    return filled("attributed.html", data)
