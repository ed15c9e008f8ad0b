"""Tagging: sentences in, a tag for each word out, such as names of persons or parts of speech.

The first token of a word answers for it (Devlin et al. 2019, 5.3,
https://arxiv.org/abs/1810.04805). `M` words of a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from regard.data import labelled
from regard.data.batching import plan, waste
from regard.data.labelled import Labelled
from regard.data.tokenizer.base import Tokenizer
from regard.data.words import Words, collated, pieces
from regard.evaluate.classes import accuracy
from regard.evaluate.spans import marks_spans, span_f1
from regard.models import tagged
from regard.models.tuning.full import Config as Full
from regard.recipe import Lazy, Part, UserError
from regard.run import Run
from regard.tasks import starting
from regard.tasks.base import Dev
from regard.tasks.labelling import keep, known, opened
from regard.tasks.loading import seeded, spread
from regard.tasks.objective.base import Loss
from regard.tasks.tagger import Tagger


class Config(starting.Starting):
    """A recipe for a tagger. Both columns of the data have as many words: text and tags.

    `start`: a run whose encoder was trained before. `dev_rows`: how many are answered while
    training (0: all).
    """

    verb = "tag"
    task: Literal["tag"] = "tag"
    data: labelled.Config
    model: tagged.Config = tagged.Config()
    tuning: Annotated[Any, Part("models.tuning", default="full")] = Full()
    train: Annotated[Any, Lazy("train.config")] = {}  # noqa: RUF012
    dev_rows: int = 0

    def begin(self, run: Run) -> "Tag":
        """The task as the loop trains it."""
        return Tag(self, run)

    def build(self, vocabulary: int, tags: Sequence[str]) -> tagged.Tagged:
        """The model, freshly initialised from the seed."""
        with seeded(self.seed):
            model = self.model.tagged(vocabulary, len(tags))
            self.tuning.apply(model, "reader")
        return model

    def open(self, run: Run, device: str = "cpu") -> Tagger:
        """The trained tagger, to be used."""
        return opened(Tagger, self, run, device)


@dataclass
class Taught(Words):
    """Pieces with the tags that their words should get."""

    target: Tensor  # M


class Tag:
    """See `tasks.base.Task`."""

    blocks = 1

    def __init__(self, recipe: Config, run: Run):
        self.recipe = recipe
        rows = even(recipe.data.drawn(recipe.seed), recipe)
        self.dev_rows = spread(even(recipe.data.rows("dev"), recipe), recipe.dev_rows)
        texts = [" ".join(row.texts[0].split()) for row in rows]
        self.tokenizer: Tokenizer = starting.tokens(recipe, run, lambda: texts)
        self.tags = known(run) or sorted({tag for row in rows for tag in row.label.split()})
        self.pieces = pieces(self.tokenizer, texts, recipe.data.max_length)
        place = {tag: i for i, tag in enumerate(self.tags)}
        left = [iter(row.label.split()) for row in rows]  # of a row in several pieces
        self.targets = [[place[next(left[p.row])] for _ in p.first] for p in self.pieces]
        self.model = recipe.build(self.tokenizer.size, self.tags)
        starting.begin(self.model, recipe, run)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each piece, (pieces, 1)."""
        return np.array([[len(piece.ids)] for piece in self.pieces])

    def batches(self, budget: int, turn: int) -> Sequence[np.ndarray]:
        """Piece numbers of each batch of a turn, in order."""
        return plan(self.lengths, budget, seed=self.recipe.seed, epoch=turn)

    def batch(self, rows: np.ndarray, turn: int) -> Taught:
        """These pieces, padded."""
        read = collated([self.pieces[i] for i in rows])
        target = torch.tensor([tag for i in rows for tag in self.targets[i]])
        return Taught(read.tokens, read.ok, read.segments, read.first, target)

    def weight(self, rows: np.ndarray, turn: int) -> int:
        """Words."""
        return sum(len(self.targets[i]) for i in rows)

    def loss(self, batch: Taught) -> Loss:
        """Cross-entropy of the tags, summed."""
        aux: list[Tensor] = []
        scores = self.model(batch.tokens, batch.ok, batch.first, aux).float()
        loss = F.cross_entropy(scores, batch.target, reduction="sum")
        return Loss(loss + sum(aux) * len(scores), {"loss": loss.detach()})

    def dev(self, device: torch.device) -> Dev:
        """Share of words whose tag is right; F1 of spans, which decides, if tags mark any."""
        training = self.model.training
        used = Tagger(self.recipe, self.model, self.tokenizer, self.tags)
        found = used.tag([row.texts[0] for row in self.dev_rows])
        self.model.train(training)
        answers = [one.tags for one in found]
        references = [row.label.split() for row in self.dev_rows]
        flat = ([tag for row in side for tag in row] for side in (answers, references))
        shown = {"dev_accuracy": accuracy(*flat)}
        if marks_spans(self.tags):
            shown["dev_span_f1"] = span_f1(answers, references)
        samples = [
            {"source": row.texts[0], "output": " ".join(tags), "reference": row.label}
            for row, tags in zip(self.dev_rows, answers, strict=True)
        ]
        return Dev(list(shown.values())[-1], shown, samples[:: max(1, len(samples) // 3)][:3])

    def save(self, folder: Path) -> None:
        """The tokenizer and the tags."""
        self.tokenizer.save(folder)
        keep(self.tags, folder)

    def facts(self) -> dict[str, Any]:
        """Rows, tags, vocabulary, padding."""
        batches = self.batches(self.recipe.train.batch_tokens, 0)
        return {
            "tags": self.tags, "train_rows": 1 + max(piece.row for piece in self.pieces),
            "words": sum(map(len, self.targets)), "dev_rows": len(self.dev_rows),
            "vocabulary": [self.tokenizer.size], "padding": round(waste(batches, self.lengths), 4),
        }  # fmt: skip


def even(rows: list[Labelled], recipe: Config) -> list[Labelled]:
    """The rows, if each has one text, and a tag for each word. Raises UserError if one has not."""
    if len(recipe.data.text) != 1 or recipe.data.labels:
        raise UserError("data: a tagger reads one column of text, and knows no data.labels")
    for row in rows:
        words, tags = len(row.texts[0].split()), len(row.label.split())
        if words != tags:
            raise UserError(f"data: {words} words and {tags} tags in {row.texts[0]!r:.60}")
    return rows
