"""A classifier in use: N rows in, N judgements out, whatever the rows hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from regard.data.reading import Texts
from regard.data.tokenizer.base import Tokenizer
from regard.evaluate.temperature import scaled
from regard.models.pooled import Pooled
from regard.tasks.judging import Judged, number, numbered
from regard.tasks.lines import blank
from regard.tasks.seen import all_said
from regard.tasks.workers import BATCH

if TYPE_CHECKING:
    from regard.tasks.classify import Config


@dataclass
class Judgement:
    """A row's answer: its label ("" for a blank row), how probable each label is, or the value."""

    label: str
    probabilities: dict[str, float]
    value: float = 0.0

    @property
    def confidence(self) -> float | None:
        """How probable the answer is to be right; None for a number or a blank row."""
        return self.probabilities.get(self.label)


class Classifier:
    """Texts in, judgements out. `longest`: tokens that are read of a row."""

    def __init__(
        self, recipe: "Config", model: Pooled, tokenizer: Tokenizer, labels: Sequence[str]
    ):
        self.recipe, self.model, self.tokenizer = recipe, model.eval(), tokenizer
        self.labels, self.longest = list(labels), recipe.data.max_length
        self.batch_tokens = BATCH
        self.temperature = 1.0  # see `regard calibrate`

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def columns(self) -> int:
        """Texts a row has: one or two."""
        return len(self.recipe.data.text)

    def classify(self, rows: Sequence[Texts]) -> list[Judgement]:
        """The judgement of each row, in order; a row with a blank text gets an empty one."""
        real = [i for i, row in enumerate(rows) if not any(map(blank, row))]
        found = [Judgement("", {}) for _ in rows]
        for i, one in zip(real, self.judged(self.scores([rows[i] for i in real])), strict=True):
            found[i] = one
        return found

    def judge(self, data: Any, split: str) -> Judged:
        """The rows of a split of the data, answered. Raises UserError for an unknown label."""
        rows = data.rows(split)
        references = [row.label for row in rows]
        found = self.classify([row.texts for row in rows])
        answers = [one.label for one in found]
        if self.recipe.readout.numeric:
            return Judged(answers, [f"{number(label):g}" for label in references], [])
        numbered(references, self.labels)
        said = np.array([list(one.probabilities.values()) for one in found])
        return Judged(answers, references, self.labels, said)

    def scores(self, rows: Sequence[Texts]) -> Tensor:
        """What the head gives for each row (N C), on the CPU."""
        view = self.recipe.view
        frames = view.frames(self.tokenizer, rows, self.longest)
        return all_said(view, self.model, frames, self.batch_tokens)

    def judged(self, scores: Tensor) -> list[Judgement]:
        """The answers in what the head gave."""
        said = self.recipe.readout.probabilities(scores)
        if self.recipe.readout.numeric:
            return [Judgement(f"{value:.4g}", {}, value) for (value,) in said.tolist()]
        if self.temperature != 1:
            said = torch.from_numpy(scaled(said.double().numpy(), self.temperature))
        rows = [dict(zip(self.labels, row, strict=True)) for row in said.tolist()]
        return [Judgement(max(row, key=row.__getitem__), row) for row in rows]
