"""What a way of decoding is: given a step and a state, hypotheses per sentence, best first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from regard.recipe import Config as Settings
from regard.recipe import UserError
from regard.search.base import Hypothesis, Limits, Processor, Step
from regard.search.processors import NoRepeat, Repetition


class DecodeConfig(Settings):
    """Guards of every kind: no n-gram of `no_repeat` tokens twice, no phrase more than `stutter`
    times in a row (0: off).
    """

    no_repeat: int = Field(0, ge=0)
    stutter: int = Field(4, ge=0)

    @property
    def width(self) -> int:
        """Hypotheses that a sentence has side by side."""
        return 1

    def guards(self) -> list[Processor]:
        """The processors these settings ask for."""
        made: list[Processor] = []
        if self.no_repeat:
            made.append(NoRepeat(self.no_repeat))
        if self.stutter:
            made.append(Repetition(self.stutter))
        return made

    def run(self, step: Step, state: Any, limits: Limits, ask: "Ask") -> list[list[Hypothesis]]:
        """Search: hypotheses per sentence, best first."""
        raise NotImplementedError


@dataclass
class Ask:
    """What one request wants beyond the settings.

    `best`: how many hypotheses a sentence; `phrases`: for each sentence, those of token ids that
    must appear; `trace`: a list that gets the beam's steps; `decode`: ids to texts, for kinds that
    compare texts.
    """

    best: int = 1
    phrases: Sequence[Sequence[Sequence[int]]] | None = None
    trace: list[Any] | None = None
    decode: Callable[[Sequence[Sequence[int]]], list[str]] | None = None

    def only(self, kind: str, *supported: str) -> None:
        """Refuse what this kind of decoding cannot do. Raises UserError naming one that can."""
        wanted = {
            "n-best": self.best > 1, "constraints": bool(self.phrases and any(self.phrases)),
            "trace": self.trace is not None,
        }  # fmt: skip
        for name, asked in wanted.items():
            if asked and name not in supported:
                raise UserError(f"decode: {kind} gives no {name}; use beam")
