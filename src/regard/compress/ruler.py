"""What a run's answers are worth: for translators BLEU, for classifiers the share of right ones."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from regard.data.corpus.base import languages
from regard.evaluate.scores import Measure, measure
from regard.recipe import UserError
from regard.run import Run
from regard.tasks import classify, translate
from regard.tasks.classifier import Classifier
from regard.tasks.loading import spread
from regard.tasks.translator import Translator, Wish


class Rows(NamedTuple):
    """Lines to answer, and what they should be answered with."""

    asked: list[Any]
    references: list[str]


class Ruler(Protocol):
    """What measuring needs to know of a task."""

    measure: Measure

    def rows(self, split: str, most: int) -> Rows:
        """At most so many rows of a split (0: all), evenly taken."""

    def loss(self, task: Any, model: nn.Module) -> float:
        """The mean loss of the dev rows."""

    def opened(self, run: Run) -> Any:
        """What answers."""

    def answers(self, opened: Any, asked: Sequence[Any]) -> list[str]:
        """One for each row."""


class Translates:
    """Answers are texts; `decode` None: as the run itself."""

    def __init__(self, recipe: translate.Config, decode: Any = None):
        self.data, self.decode = recipe.data, decode or recipe.decode
        spoken = {languages(direction)[1] for direction in recipe.data.directions}
        self.measure = measure("bleu", spoken.pop() if len(spoken) == 1 else None)

    def rows(self, split: str, most: int) -> Rows:
        """Of all directions."""
        found = spread(self.data.rows(split, drop_empty=True).rows, most)
        if not found:
            raise UserError(f"{split}: has no lines")
        return Rows(found, [row.target for row in found])

    def loss(self, task: Any, model: nn.Module) -> float:
        """Nats a row."""
        used = Translator([model], task.codec, self.decode, self.data.max_length)  # type: ignore[list-item]
        total = 0.0
        for direction in self.data.directions:
            rows = [row for row in task.dev_rows if row.direction == direction]
            sources, targets = [row.source for row in rows], [row.target for row in rows]
            total -= sum(used.score(sources, targets, direction))
        return total / len(task.dev_rows)

    def opened(self, run: Run) -> Translator:
        """Without an engine."""
        return translate.load([run], decode=self.decode)

    def answers(self, opened: Translator, asked: Sequence[Any]) -> list[str]:
        """Each in its direction."""
        found = [""] * len(asked)
        for direction in self.data.directions:
            mine = [i for i, row in enumerate(asked) if row.direction == direction]
            made = opened.translate([asked[i].source for i in mine], Wish(direction))
            for i, answer in zip(mine, made, strict=True):
                found[i] = answer.text
        return found


class Classifies:
    """Answers are labels."""

    def __init__(self, recipe: classify.Config):
        if recipe.readout.numeric:
            raise UserError("compress: the run answers with numbers; it takes labels and texts")
        self.recipe, self.measure = recipe, measure("exact_match")

    def rows(self, split: str, most: int) -> Rows:
        """Labelled rows."""
        found = spread(self.recipe.data.rows(split), most)
        return Rows([row.texts for row in found], [row.label for row in found])

    def loss(self, task: Any, model: nn.Module) -> float:
        """Of a row."""
        used = Classifier(self.recipe, model, task.tokenizer, task.labels)  # type: ignore[arg-type]
        scores = used.scores([row.texts for row in task.dev_rows])
        place = {label: i for i, label in enumerate(task.labels)}
        target = torch.tensor([place[row.label] for row in task.dev_rows])
        return float(self.recipe.readout.loss(scores, target, None)) / len(target)

    def opened(self, run: Run) -> Classifier:
        """The classifier."""
        recipe: Any = run.recipe
        return recipe.open(run, "cpu")

    def answers(self, opened: Classifier, asked: Sequence[Any]) -> list[str]:
        """The likeliest labels."""
        return [one.label for one in opened.classify(asked)]


def ruler(run: Run, where: str | None, decode: Any = None) -> Ruler:
    """The one for the run's task. Raises UserError if there is none."""
    recipe: Any = run.recipe
    if where is not None and hasattr(recipe, "data"):
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"dir": where})})
    if isinstance(recipe, translate.Config):
        return Translates(recipe, decode)
    if isinstance(recipe, classify.Config):
        return Classifies(recipe)
    raise UserError(
        f"{run.folder}: a run of {recipe.task} is not answered with texts or labels, by which what "
        "is lost could be measured"
    )


def speed(ruler: Ruler, opened: Any, asked: Sequence[Any]) -> float:
    """Rows answered in a second."""
    began = time.perf_counter()
    ruler.answers(opened, asked)
    return len(asked) / max(time.perf_counter() - began, 1e-9)
