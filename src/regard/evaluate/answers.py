"""Figures of answers that are labels or numbers, written as texts: what a test tells and compares.

Each is a `Measure` (see `evaluate.scores`), so that slices and the bootstrap take it as they take
BLEU. `N` rows, `K` numbers of a row, `L` labels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from regard.evaluate import classes
from regard.evaluate.calibration import BINS, figures
from regard.evaluate.classes import McNemar, mcnemar
from regard.evaluate.scores import Measure, Refs, Score
from regard.evaluate.significance import Outputs, Verdict, paired_bootstrap, sentence

Texts = Sequence[str]


class Accuracy:
    """Share of right answers, in percent."""

    name, higher_is_better, signature = "accuracy", True, "answers:labels|average:micro"

    def statistics(self, answers: Texts, refs: Refs) -> np.ndarray:
        """Right or not, and one."""
        right = [a == b for a, b in zip(answers, single(refs, answers), strict=True)]
        return np.array([right, [1] * len(right)], float).T

    def value(self, total: np.ndarray) -> float:
        """Of sums."""
        return float(100 * total[0] / total[1])

    def score(self, answers: Texts, refs: Refs) -> Score:
        """Of all rows."""
        return Score(self.name, classes.accuracy(answers, single(refs, answers)), self.signature)


class MacroF1:
    """Mean over the references' labels of each one's F1, in percent; every label is told here, so
    that each row's statistics have the same places.
    """

    name, higher_is_better, signature = "macro-F1", True, "answers:labels|average:macro"

    def __init__(self, labels: Texts):
        self.place = {label: i for i, label in enumerate(labels)}

    def statistics(self, answers: Texts, refs: Refs) -> np.ndarray:
        """For each label whether it is both, whether it was answered, whether it was right."""
        references = single(refs, answers)
        rows, place = np.arange(len(answers)), self.place
        said = np.array([place.get(a, len(place)) for a in answers])  # unknown: never right
        there = np.array([place[b] for b in references])
        table = np.zeros((3, len(answers), len(place) + 1))
        table[0, rows, there] = said == there
        table[1, rows, said] = table[2, rows, there] = 1
        return table[:, :, :-1].transpose(1, 0, 2).reshape(len(answers), -1)

    def value(self, total: np.ndarray) -> float:
        """Of sums."""
        both, said, there = total.reshape(3, -1)
        known = there > 0
        return float(100 * (2 * both[known] / (said[known] + there[known])).mean())

    def score(self, answers: Texts, refs: Refs) -> Score:
        """Of all rows."""
        return Score(self.name, classes.macro_f1(answers, single(refs, answers)), self.signature)


class MeanError:
    """Mean absolute difference of answers that are numbers."""

    name, higher_is_better, signature = "mean absolute error", False, "answers:numbers|average:rows"

    def statistics(self, answers: Texts, refs: Refs) -> np.ndarray:
        """The difference, and one."""
        far = np.abs(numbers(answers) - numbers(single(refs, answers)))
        return np.stack([far, np.ones_like(far)], 1)

    def value(self, total: np.ndarray) -> float:
        """Of sums."""
        return float(total[0] / total[1])

    def score(self, answers: Texts, refs: Refs) -> Score:
        """Of all rows."""
        value = self.value(self.statistics(answers, refs).sum(0))
        return Score(self.name, value, self.signature)


class Correlation:
    """Of answers and references that are numbers: Pearson's, or (of their ranks) Spearman's."""

    higher_is_better = True

    def __init__(self, ranked: bool):
        self.ranked = ranked
        self.name = "Spearman" if ranked else "Pearson"
        self.signature = f"answers:numbers|of:{'ranks' if ranked else 'values'}"

    def statistics(self, answers: Texts, refs: Refs) -> np.ndarray:
        """Sums of which a correlation is made. Ranks are those among all rows, also in a resample:
        an approximation, and the usual one.
        """
        x, y = numbers(answers), numbers(single(refs, answers))
        if self.ranked:
            x, y = (np.array(classes.ranks(side.tolist()), float) for side in (x, y))
        x, y = x - x.mean(), y - y.mean()  # the same, without loss of digits
        return np.stack([x, y, x * x, y * y, x * y, np.ones_like(x)], 1)

    def value(self, total: np.ndarray) -> float:
        """Of sums; 0 where one side is constant."""
        x, y, xx, yy, xy, n = total
        size = max(n * xx - x * x, 0.0) * max(n * yy - y * y, 0.0)
        return float((n * xy - x * y) / size**0.5) if size > 1e-12 * n**4 else 0.0

    def score(self, answers: Texts, refs: Refs) -> Score:
        """Of all rows."""
        form = classes.spearman if self.ranked else classes.pearson
        sides = numbers(answers).tolist(), numbers(single(refs, answers)).tolist()
        return Score(self.name, form(*sides), self.signature)


def single(refs: Refs, answers: Texts) -> list[str]:
    """The one reference of each row. ValueError if there are not as many as answers, and some."""
    classes.checked(answers, refs)
    return [ref if isinstance(ref, str) else ref[0] for ref in refs]


def numbers(texts: Texts) -> np.ndarray:
    """As numbers. ValueError for what is none."""
    return np.array([float(text) for text in texts])


def numeric(texts: Texts) -> bool:
    """Is each of them a number, so that answers can be near?"""
    try:
        numbers(texts)
    except ValueError:
        return False
    return True


def measures(labels: Texts, values: bool) -> dict[str, Measure]:
    """Those that fit: of `values` on a scale, or of labels; both of labels that are numbers."""
    of_labels: dict[str, Measure] = {"accuracy": Accuracy(), "macro_f1": MacroF1(labels)}
    of_numbers: dict[str, Measure] = {
        "mean_error": MeanError(), "pearson": Correlation(False), "spearman": Correlation(True),
    }  # fmt: skip
    if values:
        return of_numbers
    near = len(labels) > 2 and numeric(labels)
    return {**of_labels, **(of_numbers if near else {})}


NAMES = ("accuracy", "macro_f1", "mean_error", "pearson", "spearman")


def believed(said: np.ndarray, right: np.ndarray) -> list[Score]:
    """How far the probabilities of the answers (n,) can be believed."""
    found = figures(said, right)
    made = [
        Score("ECE", found.ece, f"bins:{BINS}|good:the right label"),
        Score("Brier", found.brier, "good:the right label"),
    ]
    return made if found.auroc is None else [
        *made, Score("AUROC", found.auroc, "good:the right label")
    ]  # fmt: skip


class Compared(NamedTuple):
    """Two systems on the same rows; `mcnemar` where each answered once and answers are labels."""

    verdict: Verdict
    mcnemar: McNemar | None


def compared(
    a: Outputs, b: Outputs, references: Texts, chosen: Measure, names: tuple[str, str],
    resamples: int = 1000,
) -> Compared:  # fmt: skip
    """The difference with its paired bootstrap interval; of accuracies the p-value is McNemar's.

    A difference counts as shown only if both say so. Raises ValueError if the lists do not fit.
    """
    found = paired_bootstrap(a, b, references, chosen, names=names, resamples=resamples)
    single = [s if isinstance(s[0], str) else s[0] if len(s) == 1 else None for s in (a, b)]
    if chosen.name != "accuracy" or None in single:
        return Compared(found, None)
    exact = mcnemar(single[0], single[1], references)  # type: ignore[arg-type]
    said = sentence(found.metric, names, found.difference, found.ci, exact.p, 1)
    said = said.replace(", p ", ", McNemar p ")
    verdict = Verdict(found.metric, found.a, found.b, found.difference, found.ci, exact.p, said)
    return Compared(verdict, exact)
