"""What adapting a run gained and lost: both runs answer the same lines, metric by metric."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from regard.data.corpus.base import Row, languages
from regard.evaluate.scores import measure
from regard.evaluate.significance import LEVEL, Verdict, paired_bootstrap
from regard.recipe import UserError
from regard.run import Run
from regard.tasks.adapting import FILES, Begun, Tell
from regard.tasks.translator import Translator, Wish

METRICS = ("bleu", "chrf")
NEW, OLD = "the corrections", "the old test set"
Answer = Callable[[Translator, Sequence[str], Wish], list[str]]


class Set(NamedTuple):
    """Lines to measure on."""

    name: str
    direction: str
    rows: list[Row]


@dataclass(frozen=True)
class Gain:
    """A metric on a set: the verdict's a is before, its b after."""

    on: str
    direction: str
    lines: int
    verdict: Verdict

    @property
    def shown(self) -> bool:
        """Is it more than chance?"""
        low, high = self.verdict.ci
        return self.verdict.p < LEVEL and (low > 0 or high < 0)

    @property
    def chance(self) -> str:
        """How probable chance alone is."""
        p = self.verdict.p
        said = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
        return said if self.shown else f"{said}: may be chance"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "shown": self.shown}


@dataclass(frozen=True)
class Adapted:
    """An adapted run, and what it gained on the corrections and lost on the old test set."""

    run: Run
    gains: list[Gain]

    @property
    def sentence(self) -> str:
        """In words, by chrF."""
        several = len({gain.direction for gain in self.gains}) > 1
        said = []
        for gain in self.gains:
            if gain.verdict.metric.startswith("chrF"):
                by = gain.verdict.difference
                way = f" ({gain.direction})" if several else ""
                verb = "gained" if by >= 0 else "lost"
                figure = f"{abs(by):.1f} {gain.verdict.metric} on {gain.on}{way}"
                said.append(f"{verb} {figure} ({gain.chance})")
        return ", ".join(said) or "nothing to measure it on"

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": str(self.run.folder), "gains": [gain.as_dict() for gain in self.gains],
            "sentence": self.sentence, **self.run.info()["adapted"],
        }  # fmt: skip


def sets(begun: Begun, tell: Tell) -> list[Set]:
    """The held-out corrections, if there are any, and the old test set, if it is at hand."""
    named = []
    if (begun.run.folder / FILES / "test.tsv").exists():
        named.append((NEW, begun.recipe.data.rows("test", drop_empty=True).rows))
    try:
        named.append((OLD, begun.old.rows("test", drop_empty=True).rows))
    except UserError as error:
        tell(f"what is lost is not measured: {error}; --dir names another place")
    found = [
        Set(name, direction, [row for row in rows if row.direction == direction])
        for name, rows in named
        for direction in begun.old.directions
    ]
    return [one for one in found if one.rows]


def gains(
    before: Translator, after: Translator, lines: Sequence[Set], answer: Answer
) -> list[Gain]:
    """Both translators' answers compared, set by set and metric by metric."""
    found = []
    for one in lines:
        sources, references = ([row[side] for row in one.rows] for side in (0, 1))
        old, new = (answer(used, sources, Wish(one.direction)) for used in (before, after))
        for name in METRICS:
            metric = measure(name, languages(one.direction)[1])
            names = ("before", "after")
            verdict = paired_bootstrap(old, new, references, metric, names=names)
            found.append(Gain(one.name, one.direction, len(sources), verdict))
    return found
