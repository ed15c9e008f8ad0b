"""Translations through which every mark comes: placeholders, tags, code, addresses.

First the best answer; where it lost or invented a mark, the best of the other hypotheses that did
not; then a search that is made to say every mark; and at last the source itself, told as such.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from regard.data.marks import marks, survive
from regard.tasks.translator import Translation, Translator, Wish

How = Literal["memory", "model", "other", "forced", "source"]
OTHERS = 5  # hypotheses that are looked at where the best one failed


@dataclass(frozen=True)
class Kept:
    """An answer that holds the marks of its source: from the model, the source itself, or what
    somebody said before.
    """

    text: str
    score: float
    how: How


def surviving(
    translator: Translator, lines: Sequence[str], direction: str | None = None
) -> list[Kept]:
    """An answer to each line, in order."""
    found: dict[int, Kept] = {}
    left = list(range(len(lines)))
    tries: list[tuple[How, Callable[[list[str]], list[list[Translation]]]]] = [
        ("model", lambda texts: translator.n_best(texts, Wish(direction))),
        ("other", lambda texts: translator.n_best(texts, Wish(direction, best=OTHERS))),
        ("forced", lambda texts: forced(translator, texts, direction)),
    ]
    for how, ask in tries:
        texts = [lines[i] for i in left]
        for i, row in zip(left, ask(texts) if texts else [], strict=True):
            whole = next((x for x in row if survive(lines[i], x.text)), None)
            if whole is not None:
                found[i] = Kept(whole.text, whole.score, how)
        left = [i for i in left if i not in found]
    return [found.get(i, Kept(line, 0.0, "source")) for i, line in enumerate(lines)]


def forced(
    translator: Translator, texts: list[str], direction: str | None
) -> list[list[Translation]]:
    """Hypotheses that had to say every mark of their source."""
    return translator.n_best(texts, Wish(direction, terms=[phrases(text) for text in texts]))


def phrases(text: str) -> list[str]:
    """The parts of its marks as they would stand in an answer: behind a space if they do here."""
    found = []
    for mark in marks(text):
        apart = mark.start == 0 or text[mark.start - 1].isspace()
        first, *rest = mark.parts
        found += [f" {first}" if apart else first, *rest]
    return found
