"""The parity report: what an export answers beside what the run itself answers, and how fast."""

import time
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import torch

from regard.data.corpus.base import Row, languages, lines
from regard.data.parallel import Codec
from regard.evaluate.scores import all_scores
from regard.recipe import Part, UserError
from regard.run import facts
from regard.search.base import Hypothesis, Limits
from regard.tasks import translate
from regard.tasks.decode.base import Ask, DecodeConfig
from regard.tasks.engine import Engine
from regard.tasks.lines import blank
from regard.tasks.loading import spread
from regard.tasks.translator import Translation, Translator, Wish

SAME = 0.99  # share of answers with the very same tokens
LOST = 0.3  # of BLEU or chrF, in points
TELLING = 100  # sentences with references from which a score says something
WARM = 8  # sentences answered before the clock runs
ROUNDS = 2  # own and export in turn; the faster round of each counts
LIBRARIES = ("ctranslate2", "onnx", "onnxruntime", "transformers")


class Lines(NamedTuple):
    """Sentences, and where they are from; a target is "" where there is no reference."""

    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Sample:
    """Which sentences: so many of the run's dev corpus (where it lies now), or of a file."""

    count: int = 200
    source: str | Path | None = None
    where: str | None = None
    direction: str | None = None

    def lines(self, recipe: translate.Config, codec: Codec) -> Lines:
        """They themselves, evenly taken from all. Raises UserError if there are none."""
        if self.count < 1:
            raise UserError(f"--sentences: {self.count} are none; give 1 or more")
        if self.source is not None:
            direction = codec.direction(self.direction)
            found = [Row(text, "", direction) for text in lines(Path(self.source))]
        else:
            found = self.dev(recipe)
        found = [row for row in found if not blank(row.source)]
        name = "dev" if self.source is None else Path(self.source).name
        if not found:
            raise UserError(f"{name}: has no sentence to compare answers to; name a file: --source")
        return Lines(name, spread(found, self.count))

    def dev(self, recipe: translate.Config) -> list[Row]:
        """The rows of the dev corpus."""
        changed = {} if self.where is None else {"dir": self.where}
        try:
            rows = recipe.data.model_copy(update=changed).rows("dev", drop_empty=True).rows
        except UserError as error:
            raise UserError(f"{error} (or name a file of sentences: --source)") from None
        return [row for row in rows if self.direction in (None, row.direction)]


@dataclass(frozen=True)
class Side:
    """One of the two: sentences a second, and scores where there are references."""

    speed: float
    bleu: float | None = None
    chrf: float | None = None


@dataclass(frozen=True)
class Report:
    """How an export compares.

    `answered`: sentences that the engine did itself, not handing them to our own search; `same`:
    those with the very same tokens; differences are those of the scores, over all sentences.

    Exact enough is what answers some of the sentences itself and either has the same tokens in 99 %
    of them (float32: only ties and the end of the search may differ), or else (int8) gives at least
    half of them alike and, by the references of at least 100, loses no more than 0.3 points of
    BLEU or of chrF: one of the two will do, as a few answers that differ make either jump about.
    """

    kind: str
    precision: str
    lines: str
    sentences: int
    answered: int
    same: int
    mean_difference: float
    largest_difference: float
    own: Side
    export: Side
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def lost(self) -> float | None:
        """Points of BLEU or chrF, whichever is less; None if there are too few references."""
        ours = (self.own.bleu, self.own.chrf)
        theirs = (self.export.bleu, self.export.chrf)
        if None in (*ours, *theirs) or self.sentences < TELLING:
            return None
        return min(a - b for a, b in zip(ours, theirs, strict=True))  # type: ignore[operator]

    @property
    def exact_enough(self) -> bool:
        """See above."""
        share = self.same / self.sentences
        alike = share >= SAME or (share >= 0.5 and self.lost is not None and self.lost <= LOST)
        return self.answered > 0 and alike

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        share = f"{self.same} of {self.sentences} answers have the very same tokens"
        verdict = "exact enough" if self.exact_enough else "not exact enough"
        if not self.answered:
            return f"{verdict}: the engine does not do this way of decoding; nothing was compared"
        if self.same >= SAME * self.sentences:
            return f"{verdict}: {share}"
        if self.lost is None:
            why = f"no references of {TELLING} sentences or more say what the others cost"
        else:
            why = f"BLEU {self.export.bleu:.2f} for {self.own.bleu:.2f}"
            why += f", chrF {self.export.chrf:.2f} for {self.own.chrf:.2f}"
        return f"{verdict}: {share}; {why}"

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            **asdict(self), "lost": self.lost, "exact_enough": self.exact_enough,
            "sentence": self.sentence,
        }  # fmt: skip


class Counted:
    """An engine, and how many rows it has answered itself since it was last asked to count."""

    def __init__(self, engine: Engine):
        self.engine, self.name, self.answered = engine, engine.name, 0
        self.takes, self.lead = engine.takes, getattr(engine, "lead", 0)

    def decoded(
        self, sources: Sequence[Sequence[int]], decode: DecodeConfig, ask: Ask, limits: Limits
    ) -> list[list[Hypothesis] | None]:
        """The engine's."""
        found = self.engine.decoded(sources, decode, ask, limits)
        self.answered += sum(row is not None for row in found)
        return found


def compare(
    translator: Translator, engine: Engine, sample: Lines, made: tuple[str, str],
    known: dict[str, Any],
) -> Report:  # fmt: skip
    """The report on an engine `made` of this translator's run (kind, precision)."""
    own, other, counted = copy(translator), copy(translator), Counted(engine)
    own.engine, other.engine = None, counted
    rows, seconds = sample.rows, [float("inf")] * 2
    for used in (own, other):
        answers(used, rows[:WARM])
    for _ in range(ROUNDS):
        counted.answered, found = 0, []
        for i, used in enumerate((own, other)):
            began = time.perf_counter()
            found.append(answers(used, rows))
            seconds[i] = min(seconds[i], time.perf_counter() - began)
    differences = [abs(a.score - b.score) for a, b in zip(*found, strict=True)]
    pairs = [[[h.tokens for h in a.pieces] for a in side] for side in found]
    sides = [
        Side(round(len(rows) / s, 2), *scores(side, rows))
        for s, side in zip(seconds, found, strict=True)
    ]
    return Report(
        made[0], made[1], sample.name, len(rows), counted.answered,
        sum(a == b for a, b in zip(*pairs, strict=True)),
        sum(differences) / len(rows), max(differences), sides[0], sides[1],
        {**known, **evidence(translator)},
    )  # fmt: skip


def answers(used: Translator, rows: Sequence[Row]) -> list[Translation]:
    """The best answer to each row's source, in order."""
    found: dict[int, Translation] = {}
    for direction in {row.direction: None for row in rows}:
        chosen = [i for i, row in enumerate(rows) if row.direction == direction]
        made = used.translate([rows[i].source for i in chosen], Wish(direction))
        found |= dict(zip(chosen, made, strict=True))
    return [found[i] for i in range(len(rows))]


def scores(found: Sequence[Translation], rows: Sequence[Row]) -> tuple[float, float] | tuple[()]:
    """BLEU and chrF, the mean over directions; nothing without references."""
    if not all(row.target for row in rows):
        return ()
    directions, sums = {row.direction: None for row in rows}, [0.0, 0.0]
    for direction in directions:
        pairs = [
            (x.text, row.target)
            for x, row in zip(found, rows, strict=True)
            if row.direction == direction
        ]
        outputs, references = zip(*pairs, strict=True)
        made = all_scores(outputs, references, languages(direction)[1], ("bleu", "chrf"))
        sums = [total + made[name].value for total, name in zip(sums, made, strict=True)]
    return sums[0] / len(directions), sums[1] / len(directions)


def evidence(translator: Translator) -> dict[str, Any]:
    """What the figures need to be believed."""
    known = facts()
    for name in LIBRARIES:
        try:
            known["versions"][name] = version(name)
        except PackageNotFoundError:
            continue
    threads = torch.get_num_threads()
    return {**known, "decode": Part.dump(translator.decode), "threads": threads}
