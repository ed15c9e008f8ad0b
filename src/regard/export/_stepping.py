"""An engine that is our own search around the steps of an exported model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from regard.data.batching import ok, pad
from regard.export._shortlist import Local, Shortlist
from regard.search.base import Hypothesis, Limits
from regard.tasks.decode.base import Ask, DecodeConfig
from regard.tasks.workers import batches, side_by_side


@dataclass
class Stepping:
    """So it can do, exactly, all that our search can. See `tasks.engine.Engine`.

    `start`: source and mask (N S) to the state of one row a sentence. `positions`: how many tokens
    of a row the model has positions for (None: no end); longer ones are left to others. `divides`:
    batches may go side by side, each on its own core; else the model itself uses all cores.
    `shortlist`: the search knows only the candidates of a batch; `step` makes the step for them.
    """

    name: str
    start: Callable[[Tensor, Tensor], Any]
    step: Any
    positions: int | None = None
    divides: bool = False
    shortlist: Shortlist | None = None

    def takes(self, decode: DecodeConfig, ask: Ask, prefixes: Sequence[Sequence[int]]) -> bool:
        """Everything but a trace, which belongs to one batch."""
        return ask.trace is None

    def decoded(
        self, sources: Sequence[Sequence[int]], decode: DecodeConfig, ask: Ask, limits: Limits
    ) -> list[list[Hypothesis] | None]:
        """Hypotheses of each source, best first; None for a row that is too long."""
        lengths = [max(len(s), most) for s, most in zip(sources, limits.max_len, strict=True)]
        fit = [i for i, n in enumerate(lengths) if self.positions is None or n <= self.positions]
        found: list[list[Hypothesis] | None] = [None] * len(sources)

        def answers(rows: list[int]) -> dict[int, list[Hypothesis]]:
            chosen = [fit[row] for row in rows]
            source = pad([sources[i] for i in chosen])
            own = replace(ask, phrases=ask.phrases and [ask.phrases[i] for i in chosen])
            prefix = limits.prefix and [limits.prefix[i] for i in chosen]
            ends = replace(limits, max_len=[limits.max_len[i] for i in chosen], prefix=prefix)
            with torch.inference_mode():  # each thread has to say so
                state = self.start(source, ok(source))
                made = self.found([sources[i] for i in chosen], state, decode, ends, own)
                return dict(zip(chosen, made, strict=True))

        divided = batches([len(sources[i]) for i in fit], max(decode.width, ask.best))
        for made in side_by_side(answers, divided) if self.divides else map(answers, divided):
            for i, hypotheses in made.items():
                found[i] = hypotheses
        return found

    def found(
        self, sources: Sequence[Sequence[int]], state: Any, decode: DecodeConfig, ends: Limits,
        ask: Ask,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        """Hypotheses of one batch."""
        if self.shortlist is None:
            return decode.run(self.step, state, ends, ask)
        local = Local(self.shortlist.of(sources, ends, ask))
        step = self.step(local.ids)
        return local.answers(decode.run(step, state, local.limits(ends), local.ask(ask)))
