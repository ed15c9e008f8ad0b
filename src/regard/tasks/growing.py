"""A translation while it grows: the best hypothesis as text after every step of the search."""

from collections.abc import Callable
from copy import copy
from typing import Any

from regard.data.tokenizer.base import EOS
from regard.search.base import Hypothesis
from regard.search.trace import Candidate
from regard.tasks.decode.base import Ask
from regard.tasks.decode.beam import Config as Beam
from regard.tasks.translator import Translation, Translator, Wish


class Listener(list[Any]):
    """A trace that keeps nothing but the hypotheses of the newest step, and tells the best one."""

    def __init__(self, tell: Callable[[list[int]], None]):
        super().__init__()
        self.tell = tell
        self.paths: list[list[int]] = []

    def append(self, step: list[Candidate]) -> None:
        """Of one sentence alone."""
        before = self.paths or [[]]
        self.paths = [[*before[max(c.parent, 0)], c.token] for c in step]
        going = [i for i, c in enumerate(step) if c.fate != "pruned"]
        if going:
            best = self.paths[max(going, key=lambda i: step[i].total)]
            self.tell([token for token in best if token != EOS])


def watched(translator: Translator) -> Translator:
    """The translator with a search that can be watched: its own beam, or else a small one."""
    new = copy(translator)
    new.decode = translator.decode if isinstance(translator.decode, Beam) else Beam(size=4)
    return new


def growing(
    translator: Translator, text: str, direction: str | None, tell: Callable[[str], None]
) -> Translation:
    """The answer to one line; `tell` hears what there is of it after every step.

    What `tell` raises ends the search. A line that was cut grows piece by piece.
    """
    used = watched(translator)
    asked = used.codec.direction(direction)
    done: list[list[Hypothesis]] = []

    def heard(tokens: list[int]) -> None:
        part = Hypothesis(tokens, 0.0, [], False, 0.0)
        tell(used.joined([*done, [part]], text)[0].text)

    for job in used.cut(used.jobs([text], Wish(direction))):
        source = used.codec.sources([job.text], [asked])
        done.append(used.decoded(source, Ask(trace=Listener(heard)), [job.prefix])[0])
    made = used.joined(done, text)
    if used.confidence is not None:
        used.confidence.rate([text], [made], asked)
    return made[0]
