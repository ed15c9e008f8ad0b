"""A bi-encoder in use: vectors of texts, how alike two are, whether they are the same, neighbours.

`n` texts or pairs, `W` width of a vector.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from regard.data.reading import Texts
from regard.data.tokenizer.base import Tokenizer
from regard.evaluate.pairs import threshold
from regard.evaluate.temperature import scaled
from regard.models.pooled import Pooled
from regard.recipe import UserError
from regard.run import Run
from regard.tasks import labelling
from regard.tasks.classifier import Judgement
from regard.tasks.judging import Judged
from regard.tasks.lines import blank
from regard.tasks.seen import all_said
from regard.tasks.workers import BATCH

if TYPE_CHECKING:
    from regard.tasks.pairs import Config


class Line(NamedTuple):
    """From which cosine on texts are the same, and how fast that grows surer."""

    threshold: float
    slope: float


class Near(NamedTuple):
    """A text near another: its number, and the cosine."""

    number: int
    cosine: float


class PairScorer:
    """Texts in, vectors out; pairs in, judgements out. `labels`: different, then the same."""

    columns = 2

    def __init__(
        self, recipe: "Config", model: Pooled, tokenizer: Tokenizer, labels: Sequence[str],
        drawn: Line = Line(0.5, 10.0),  # noqa: B008
    ):  # fmt: skip
        self.recipe, self.model, self.tokenizer = recipe, model.eval(), tokenizer
        self.labels, self.line, self.longest = list(labels), drawn, recipe.data.max_length
        self.batch_tokens = BATCH
        self.temperature = 1.0  # see `regard calibrate`

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """The direction of each text, n W; of a blank one zeros."""
        view = self.recipe.view
        distinct = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        real = [text for text in distinct if not blank(text)]
        frames = view.frames(self.tokenizer, [(text,) for text in real], self.longest)
        found = torch.zeros(len(distinct), self.recipe.width)
        if real:
            place = torch.tensor([distinct[text] for text in real])
            found[place] = all_said(view, self.model, frames, self.batch_tokens)
        return found[[distinct[text] for text in texts]]

    def similarity(self, rows: Sequence[Texts]) -> np.ndarray:
        """The cosine of each pair, n."""
        vectors = self.vectors([text for side in (0, 1) for text in (row[side] for row in rows)])
        a, b = vectors.chunk(2) if len(rows) else (vectors, vectors)
        return (a * b).sum(-1).double().numpy()

    def classify(self, rows: Sequence[Texts]) -> list[Judgement]:
        """The judgement of each pair, in order; one with a blank text gets an empty one."""
        cosines = self.similarity(rows)
        same = (1 + np.tanh(self.line.slope * (cosines - self.line.threshold) / 2)) / 2  # logistic
        said = scaled(np.stack([1 - same, same], 1), self.temperature)
        found = []
        for row, cosine, each in zip(rows, cosines.tolist(), said.tolist(), strict=True):
            label = self.labels[int(cosine >= self.line.threshold)]
            named = dict(zip(self.labels, each, strict=True))
            empty = any(map(blank, row))
            found.append(Judgement("", {}) if empty else Judgement(label, named, cosine))
        return found

    def judge(self, data: Any, split: str) -> Judged:
        """The rows of a split of the data, answered."""
        rows = data.paired(split)
        found = self.classify([row.texts for row in rows])
        said = np.array([[one.probabilities[name] for name in self.labels] for one in found])
        answers = [one.label for one in found]
        return Judged(answers, [row.label for row in rows], self.labels, said)

    def nearest(
        self, asked: Sequence[str], among: Sequence[str], count: int = 10
    ) -> list[list[Near]]:
        """For each text the nearest of the others, nearest first."""
        cosines = self.vectors(asked) @ self.vectors(among).T
        top = cosines.topk(min(count, len(among)))
        return [
            [Near(int(i), float(x)) for i, x in zip(numbers, values, strict=True)]
            for numbers, values in zip(top.indices, top.values, strict=True)
        ]


def line(cosines: np.ndarray, same: np.ndarray) -> Line:
    """Where the most dev pairs are told right, and the slope by which they are the most probable.

    Of Platt's two parameters (1999) one is given, so that probable means answered.
    """
    at = threshold(cosines, same)
    signed = np.where(same, 1, -1) * (np.asarray(cosines, float) - at)
    low, high = math.log(0.1), math.log(1000.0)
    for _ in range(60):  # the loss is convex in the slope, so thirds of a bracket close in on it
        third = (high - low) / 3
        left, right = low + third, high - third
        losses = [np.logaddexp(0, -math.exp(s) * signed).mean() for s in (left, right)]
        low, high = (low, right) if losses[0] < losses[1] else (left, high)
    return Line(at, math.exp((low + high) / 2))


def opened(recipe: "Config", run: Run, device: str) -> PairScorer:
    """The encoder of a run. Raises UserError if the run is not whole."""
    used = labelling.opened(PairScorer, recipe, run, device)
    data = run.info().get("data", {})
    if "threshold" not in data:
        raise UserError(f"{run.folder}: run.json has no threshold: its training has not ended")
    used.line = Line(data["threshold"], data["slope"])
    return used
