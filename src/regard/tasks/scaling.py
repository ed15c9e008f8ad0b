"""How sure a classifier is of its answers, made as right as it is: what confidence.json holds of
a run that labels texts (see `regard calibrate`, and `tasks.confidence` for translators).
"""

from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field, FiniteFloat

from regard.evaluate import temperature
from regard.evaluate.calibration import Figures, figures
from regard.recipe import Config as Settings
from regard.recipe import UserError, check
from regard.run import Run, facts
from regard.tasks.judging import Judged
from regard.tasks.loading import sureness, versioned

FORMAT = 1
WANTED = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
ROWS = 100  # the least to learn from


class Least(Settings):
    """A share of right answers that is `wanted`, the `least` confidence that reaches it on dev,
    what share was right then, and what share of all rows it answers.
    """

    wanted: FiniteFloat
    least: FiniteFloat
    accuracy: FiniteFloat
    coverage: FiniteFloat


class Scaling(Settings):
    """`weights`: of which model, as `Run.fingerprint`; `before`, `after`: figures of the dev rows;
    `facts`: by what and when it was learnt.
    """

    format: int = FORMAT
    kind: Literal["temperature"] = "temperature"
    weights: str
    temperature: FiniteFloat = Field(gt=0)
    thresholds: list[Least] = []
    rows: int
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    facts: dict[str, Any] = {}


def learn(run: Run, dev: Judged, wanted: tuple[float, ...] = WANTED) -> Scaling:
    """Temperature and thresholds from answers to dev rows, said at temperature 1.

    Raises UserError if there is too little to learn from.
    """
    if dev.probabilities is None:
        raise UserError(f"{run.folder}: its answers are numbers, and no probabilities to scale")
    if len(dev.answers) < ROWS:
        raise UserError(f"{run.folder}: {len(dev.answers)} dev rows; to scale takes {ROWS}")
    found = temperature.fitted(dev.probabilities, dev.true)
    after = dev.at(found)
    assert after.said is not None
    least = temperature.thresholds(after.said, dev.right, wanted)
    return Scaling(
        weights=run.fingerprint(), temperature=found, rows=len(dev.answers),
        thresholds=[Least(**asdict(one)) for one in least],
        before=asdict(of(dev)), after=asdict(of(after)),
        facts={"learnt_from": "dev", **facts()},
    )  # fmt: skip


def of(judged: Judged) -> Figures:
    """How far what was said of these answers can be believed."""
    assert judged.said is not None
    return figures(judged.said, judged.right)


def read(run: Run) -> Scaling | None:
    """That of a run, as `loading.sureness` does."""
    return sureness(run, lambda found: check(Scaling, versioned(found, FORMAT)))
