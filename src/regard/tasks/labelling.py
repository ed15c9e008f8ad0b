"""What everything that labels keeps beside its weights, and how it is made ready for use."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from regard.data.tokenizer import base as tokenizer
from regard.run import Run
from regard.tasks import scaling
from regard.tasks.judging import Judge
from regard.tasks.loading import weighted

LABELS = "labels.json"  # in the tokenizer's folder

J = TypeVar("J", bound=Judge)


def keep(labels: Sequence[str], folder: Path) -> None:
    """The labels (of a tagger: tags) as a file."""
    (folder / LABELS).write_text(json.dumps(list(labels), ensure_ascii=False) + "\n", "utf-8")


def known(run: Run) -> list[str]:
    """Those of a run; none if it has not begun."""
    path = run.tokenizer / LABELS
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def opened(kind: Callable[..., J], recipe: Any, run: Run, device: str) -> J:
    """Recipe, model, tokenizer and labels of a run as a `kind`, as sure as it was scaled to be.

    Raises UserError if the run is not whole.
    """
    tokens, labels = tokenizer.load(run.tokenizer), known(run)
    model = weighted(recipe.build(tokens.size, labels), run)
    used = kind(recipe, model.to(device), tokens, labels)
    learnt = scaling.read(run)
    used.temperature = 1.0 if learnt is None else learnt.temperature
    return used
