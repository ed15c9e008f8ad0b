"""A set of pairs, answered by runs and by measures of overlap that learn next to nothing.

`n` pairs.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from regard.data import paired
from regard.data.corpus import base, jsonl
from regard.data.reading import Texts
from regard.evaluate import overlap
from regard.evaluate.pairs import Interval, auc, resampled, threshold
from regard.recipe import UserError
from regard.tasks.judging import Judged
from regard.tasks.pair_scorer import PairScorer

KIND = "kind"  # the column that says how a pair was drawn
VERSIONS = ("renamed", "reformatted")
Answers = tuple[np.ndarray, np.ndarray]  # scores, and whether the same: n
Answerer = Callable[[Sequence[Texts]], Answers]


@dataclass
class Split:
    """One table: pairs, their labels, which are the same, the problem of each, how it was drawn."""

    name: str
    rows: list[Texts]
    labels: list[str]
    same: np.ndarray
    groups: list[str]
    kinds: list[str]


@dataclass
class Tried:
    """A system on a split, in percent; `gain`: over the measure of overlap that is best there,
    `over_first`: over the run named first.
    """

    system: str
    split: str
    accuracy: Interval
    auc: float
    kinds: dict[str, float]
    gain: Interval | None = None
    over_first: Interval | None = None
    judged: Judged = field(default_factory=lambda: Judged([], [], []), repr=False)
    seconds: float = 0.0

    @property
    def right(self) -> np.ndarray:
        """1 for each right answer, else 0: n."""
        return self.judged.right.astype(float)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = asdict(self)
        del told["judged"], told["seconds"]
        for key in ("accuracy", "gain", "over_first"):
            found = getattr(self, key)
            told[key] = found and found._asdict()
        return told


def settings(folder: str) -> paired.Config:
    """A set that `regard data pairs` made."""
    return paired.Config(
        corpus=jsonl.Config(breaks=True), dir=folder, text=("code_a", "code_b"), label="same",
        groups=("problem_a", "problem_b"),
    )  # fmt: skip


def read(data: paired.Config, name: str) -> Split:
    """A table of the set."""
    rows = data.paired(name)
    kinds = [kind for (kind,) in base.fields(data.corpus, data.where, name, [KIND])]
    return Split(
        name, [row.texts for row in rows], [row.label for row in rows],
        np.array([row.label == data.same for row in rows]),
        [row.groups[0] if row.groups else str(i) for i, row in enumerate(rows)], kinds,
    )  # fmt: skip


def tested(data: paired.Config, test: str) -> list[Split]:
    """The test table, and those of its programs written otherwise that are there."""
    there = [test, *(f"{test}_{version}" for version in VERSIONS)]
    where = Path(data.where or "")
    return [read(data, n) for n in there if n == test or (where / f"{n}.jsonl").exists()]


def overlaps(data: paired.Config) -> dict[str, Answerer]:
    """Each measure, its threshold the best on dev. Raises UserError without scikit-learn."""
    texts = [text for row in data.paired("train") for text in row.texts]
    try:
        tf_idf = overlap.tf_idf(texts)
    except ImportError:
        raise UserError("TF-IDF needs scikit-learn: pip install 'regard[baseline]'") from None
    dev = read(data, "dev")
    found: dict[str, Answerer] = {}
    for name, score in (("TF-IDF", tf_idf), ("Jaccard", overlap.jaccard), ("edit", overlap.edit)):
        found[name] = partial(above, score, threshold(score(dev.rows), dev.same))  # type: ignore[arg-type]
    return found


def above(score: overlap.Scores, at: float, rows: Sequence[Texts]) -> Answers:
    """The same from this score on."""
    scores = score(rows)  # type: ignore[arg-type]
    return scores, scores >= at


def by(used: Any, same: str, rows: Sequence[Texts]) -> Answers:
    """What a run answers."""
    found = used.classify(rows)
    if isinstance(used, PairScorer):  # cosines tell apart what is all but certain
        scores = np.array([one.value for one in found])
    else:
        scores = np.array([one.probabilities[same] for one in found])
    return scores, np.array([one.label == same for one in found])


def compare(data: paired.Config, runs: dict[str, Any], test: str) -> list[Tried]:
    """All measures and runs on the test table and its versions."""
    answerers = overlaps(data)
    measures = list(answerers)
    answerers |= {name: partial(by, used, data.same) for name, used in runs.items()}
    found = []
    for split in tested(data, test):
        mine = [tried(name, split, answer) for name, answer in answerers.items()]
        best = max((t for t in mine if t.system in measures), key=lambda t: t.accuracy.value)
        first = next((t for t in mine if t.system not in measures), None)
        for one in mine:
            if one.system not in measures:
                one.gain = resampled(one.right - best.right, split.groups)
                if one is not first and first is not None:
                    one.over_first = resampled(one.right - first.right, split.groups)
        found += mine
    return found


def tried(name: str, split: Split, answer: Answerer) -> Tried:
    """One system on one split."""
    began = time.monotonic()
    scores, said = answer(split.rows)
    seconds = time.monotonic() - began
    called = [label for label, _ in sorted(set(zip(split.labels, split.same.tolist(), strict=True)),
                                           key=lambda pair: pair[1])]  # fmt: skip
    judged = Judged([called[int(x)] for x in said], split.labels, called)
    right, kinds = judged.right.astype(float), np.array(split.kinds)
    each = {str(kind): 100 * float(right[kinds == kind].mean()) for kind in sorted(set(kinds))}
    accuracy, told = resampled(right, split.groups), auc(scores, split.same)
    return Tried(name, split.name, accuracy, told, each, judged=judged, seconds=seconds)
