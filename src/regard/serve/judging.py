"""Texts judged, as threads do it: batches of the queue, and looks at what words count."""

from collections.abc import Callable, Sequence
from typing import Any

from regard.data.reading import Texts
from regard.look.saving import dumps
from regard.serve.batching import Key, Line
from regard.serve.runs import READS, Runs, Used
from regard.tasks.classifier import Classifier


def attributed(used: Used, texts: Texts) -> bytes:
    """JSON that is ready to send. Raises UserError for a blank text."""
    from regard.look.attributing import attribute

    return dumps(attribute(used, texts).record()).encode()


def judge(runs: Runs, read: Callable[[str, int], object]) -> Callable[[Key, Any], list[Any]]:
    """What the queue's threads do with rows of one run; `read` is told how many tokens."""

    def work(key: Key, lines: Sequence[Line]) -> list[Any]:
        used = runs.classifiers[key.run]
        rows = [(line.text, line.other) if used.columns == 2 else (line.text,) for line in lines]
        texts = [text for row in rows for text in row]
        read(key.run, sum(map(len, used.tokenizer.encode(texts))))
        return list(used.classify(rows))

    return work


def numeric(used: Used) -> bool:
    """Does it answer with numbers, not labels?"""
    return isinstance(used, Classifier) and bool(used.recipe.readout.numeric)


def described(name: str, used: Used) -> dict[str, Any]:
    """A run as /v1/runs tells it."""
    return {
        "name": name, "verb": "classify", "reads": READS[used.columns - 1],
        "labels": [] if numeric(used) else used.labels, "directions": [], "heads": {},
    }  # fmt: skip
