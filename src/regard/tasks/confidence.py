"""How sure one can be of an answer: how probable it is to be good, by a logistic regression over
what every search and every engine returns anyway, so it costs nothing in use.

Good is a sentence chrF of `least` or more against a reference. `regard calibrate` learns the
regression of each direction from the run's dev data and keeps it in confidence.json.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, FiniteFloat

from regard.recipe import Config as Settings
from regard.recipe import Fault, check
from regard.run import Run
from regard.tasks.lines import blank
from regard.tasks.loading import sureness, versioned

if TYPE_CHECKING:
    from regard.tasks.translator import Translation

FORMAT = 1
GOOD = 60.0
FEATURES = (
    "log-probability a token", "log characters of the source",
    "log characters of the answer for one of the source", "log tokens for one of its characters",
)  # fmt: skip


class Weight(Settings):
    """How a number counts: (number - mean) / scale * weight."""

    mean: FiniteFloat
    scale: FiniteFloat = Field(gt=0)
    weight: FiniteFloat


class Fit(Settings):
    """One direction's regression; how many answers it was learnt from, the share of good ones, and
    figures of each tenth of them by what was learnt from the others.
    """

    bias: FiniteFloat
    features: dict[str, Weight]
    rows: int
    good: float
    held_out: dict[str, Any]


class Confidence(Settings):
    """What confidence.json holds. `weights`: of which model, as `Run.fingerprint`; `facts`: how
    its answers were found, by what and when it was learnt.
    """

    format: int = FORMAT
    least: FiniteFloat = GOOD
    weights: str
    directions: dict[str, Fit]
    facts: dict[str, Any] = {}

    def rate(
        self, lines: Sequence[str], rows: Sequence[Sequence["Translation"]], direction: str
    ) -> None:
        """Tell each answer to each line how probable it is to be good."""
        for line, row in zip(lines, rows, strict=True):
            for answer in row:
                answer.confidence = self.of(line, answer, direction)

    def of(self, line: str, answer: "Translation", direction: str) -> float | None:
        """That of one answer; None for a direction that nothing was learnt of.

        The empty answer to a blank line is certain.
        """
        if blank(line):
            return 1.0
        fit = self.directions.get(direction)
        if fit is None:
            return None
        known = dict(zip(FEATURES, features(line, answer), strict=True))
        parts = ((known[name] - w.mean) / w.scale * w.weight for name, w in fit.features.items())
        return (1 + math.tanh((fit.bias + sum(parts)) / 2)) / 2  # the logistic, without overflow


def features(line: str, answer: "Translation") -> tuple[float, ...]:
    """What is known of an answer, in the order of FEATURES."""
    tokens = sum(len(piece.tokens) + piece.finished for piece in answer.pieces) or 1
    said, given = len(answer.text) + 1, len(line) + 1
    return (
        answer.score / tokens, math.log(given), math.log(said / given), math.log(tokens / said)
    )  # fmt: skip


def read(run: Run) -> Confidence | None:
    """That of a run, as `loading.sureness` does."""
    return sureness(run, checked)


def checked(found: Any) -> Confidence:
    """The settings of a file. Raises Fault for what is not as this version writes it."""
    made = check(Confidence, versioned(found, FORMAT))
    for direction, fit in made.directions.items():
        if odd := fit.features.keys() - set(FEATURES):
            raise Fault(f"directions.{direction}", f"nothing is known as {min(odd)!r} here")
    return made
