"""A classifier in use: N rows in, N judgements out, whatever the rows hold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from regard.data.reading import Texts, collate, framed
from regard.data.tokenizer import base as tokenizer
from regard.data.tokenizer.base import Tokenizer
from regard.models.pooled import Pooled
from regard.run import Run
from regard.tasks.lines import blank
from regard.tasks.loading import weighted
from regard.tasks.workers import BATCH, batches

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

    @torch.inference_mode()
    def scores(self, rows: Sequence[Texts]) -> Tensor:
        """What the head gives for each row (N C), on the CPU."""
        frames = framed(self.tokenizer, rows, self.longest)
        found: list[Any] = [None] * len(frames)
        for chosen in batches([len(row.ids) for row in frames], 1, self.batch_tokens):
            read = collate([frames[i] for i in chosen]).to(self.device)
            scores = self.model(read.tokens, read.ok, read.segments).float().cpu()
            for i, row in zip(chosen, scores, strict=True):
                found[i] = row
        return torch.stack(found) if found else torch.zeros(0, 1)

    def judged(self, scores: Tensor) -> list[Judgement]:
        """The answers in what the head gave."""
        said = self.recipe.readout.probabilities(scores).tolist()
        if self.recipe.readout.numeric:
            return [Judgement(f"{value:.4g}", {}, value) for (value,) in said]
        rows = [dict(zip(self.labels, row, strict=True)) for row in said]
        return [Judgement(max(row, key=row.__getitem__), row) for row in rows]


def opened(recipe: "Config", run: Run, device: str) -> Classifier:
    """The classifier of a run. Raises UserError if the run is not whole."""
    from regard.tasks.classify import LABELS

    known = tokenizer.load(run.tokenizer)
    labels = json.loads((run.tokenizer / LABELS).read_text("utf-8"))
    model = weighted(recipe.build(known.size, labels), run)
    return Classifier(recipe, model.to(device), known, labels)
