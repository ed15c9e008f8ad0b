"""What is asked of everything that labels texts, whatever it labels: its answers to a test set.

`regard evaluate`, `compare`, `calibrate` and `curve` know no more of a task than this.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from regard.evaluate.temperature import scaled
from regard.recipe import UserError


@dataclass(frozen=True)
class Judged:
    """A test set answered. `references`: what is right. `labels`: all there are, in their order
    ([]: answers are numbers). `probabilities`: N L, of each label; None where nothing is said.
    """

    answers: list[str]
    references: list[str]
    labels: list[str]
    probabilities: np.ndarray | None = None

    @property
    def right(self) -> np.ndarray:
        """Which answers are: N."""
        return np.array([a == b for a, b in zip(self.answers, self.references, strict=True)])

    @property
    def said(self) -> np.ndarray | None:
        """How probable each answer is to be right: N."""
        if self.probabilities is None:
            return None
        return self.probabilities[np.arange(len(self.answers)), numbered(self.answers, self.labels)]

    @property
    def true(self) -> np.ndarray:
        """The numbers of the right labels: N. Raises UserError for an unknown label."""
        return np.array(numbered(self.references, self.labels))

    def at(self, temperature: float) -> "Judged":
        """The same answers, as sure as they are at a temperature (see `tasks.scaling`)."""
        assert self.probabilities is not None
        return replace(self, probabilities=scaled(self.probabilities, temperature))

    @property
    def lines(self) -> list[str]:
        """An answer a line; where it is known, a tab and how probable it is to be right."""
        if self.said is None:
            return list(self.answers)
        return [f"{a}\t{p:.6f}" for a, p in zip(self.answers, self.said, strict=True)]


class Judge(Protocol):
    """Something in use that can be tested: what a recipe's `open` gives.

    `temperature` scales what it says (see `tasks.scaling`); 1 leaves it as it is.
    """

    temperature: float

    def judge(self, data: Any, split: str) -> Judged:
        """The rows of a split of the data, answered."""
        ...


def numbered(labels: Sequence[str], known: Sequence[str]) -> list[int]:
    """The number of each label. Raises UserError for one that is not known."""
    place = {label: i for i, label in enumerate(known)}
    for label in labels:
        if label not in place:
            raise UserError(f"data: label {label!r} is in no training row")
    return [place[label] for label in labels]


def number(label: str) -> float:
    """A label that is a number. Raises UserError if it is none."""
    try:
        return float(label)
    except ValueError:
        raise UserError(f"data: label {label!r} is no number; use another readout") from None
