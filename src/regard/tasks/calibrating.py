"""Learning how sure one can be of a run's answers, and how far what is then said can be believed.

`n` answers, `k` features of each.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from regard.data.corpus.base import Row
from regard.evaluate.calibration import Bin, Figures, figures, reliability
from regard.evaluate.logistic import fit, held_out
from regard.evaluate.scores import sentence_chrf
from regard.recipe import Part, UserError
from regard.run import Run, facts
from regard.tasks.confidence import FEATURES, GOOD, Confidence, Fit, Weight, features
from regard.tasks.translator import Translation, Translator, Wish

ROWS, KIND = 200, 20  # the least to learn from: answers, and of those good ones or others
PENALTY = 1.0  # a tenth or ten times of it made no difference; see benchmarks/LOG.md
Answer = Callable[[Translator, Sequence[str], Wish], list[Translation]]


class Answered(NamedTuple):
    """The rows of one direction, their answers, and which of those are good (n,)."""

    direction: str
    rows: list[Row]
    answers: list[Translation]
    good: np.ndarray


class Believed(NamedTuple):
    """What was said of answers (n,), and how far it can be believed."""

    said: np.ndarray
    figures: Figures
    bins: list[Bin]


def answered(translator: Translator, rows: Sequence[Row], answer: Answer) -> list[Answered]:
    """The rows by direction, answered and judged."""
    found = []
    for direction in dict.fromkeys(row.direction for row in rows):
        mine = [row for row in rows if row.direction == direction]
        made = answer(translator, [row.source for row in mine], Wish(direction))
        chrf = [sentence_chrf(a.text, row.target) for a, row in zip(made, mine, strict=True)]
        found.append(Answered(direction, mine, made, np.array(chrf) >= GOOD))
    return found


def learn(translator: Translator, run: Run, dev: Sequence[Answered]) -> Confidence:
    """A regression for each direction. Raises UserError if there is too little to learn from."""
    for one in dev:
        n, good = len(one.rows), int(one.good.sum())
        if n < ROWS:
            raise UserError(f"{one.direction}: {n} dev rows; to learn how sure to be takes {ROWS}")
        if not KIND <= good <= n - KIND:
            raise UserError(
                f"{one.direction}: {good} of {n} dev answers are good (chrF {GOOD:g} or more); to "
                f"learn how sure to be takes {KIND} that are and {KIND} that are not"
            )
    how = {"learnt_from": "dev", "penalty": PENALTY, "decode": Part.dump(translator.decode)}
    return Confidence(
        weights=run.fingerprint(),
        directions={one.direction: regression(one) for one in dev},
        facts={**how, **facts()},
    )


def regression(one: Answered) -> Fit:
    """What is learnt of a direction, and how far it could be believed on rows left out."""
    x = known(one)
    made, said = fit(x, one.good, PENALTY), held_out(x, one.good, PENALTY)
    numbers = zip(FEATURES, made.mean, made.scale, made.weights, strict=True)
    return Fit(
        bias=made.bias,
        features={name: Weight(mean=m, scale=s, weight=w) for name, m, s, w in numbers},
        rows=len(one.rows),
        good=float(one.good.mean()),
        held_out=asdict(figures(said, one.good)),
    )


def known(one: Answered) -> np.ndarray:
    """The features of all answers: (n, k)."""
    pairs = zip(one.rows, one.answers, strict=True)
    return np.array([features(row.source, answer) for row, answer in pairs])


def believed(confidence: Confidence, one: Answered) -> Believed:
    """How far what it says of these answers can be believed, six digits of it.

    Raises UserError for a direction that it was not learnt for.
    """
    if one.direction not in confidence.directions:
        raise UserError(f"{one.direction}: the run does not translate that")
    pairs = zip(one.rows, one.answers, strict=True)
    told = [confidence.of(row.source, answer, one.direction) for row, answer in pairs]
    said = np.round(np.array(told, float), 6)
    return Believed(said, figures(said, one.good), reliability(said, one.good))
