"""An engine that is our own search around the steps of an exported model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from regard.data.batching import ok, pad
from regard.search.base import Hypothesis, Limits, Step
from regard.tasks.decode.base import Ask, DecodeConfig

BATCH = 16_384  # source tokens times hypotheses that are searched together, as in a Translator


@dataclass
class Stepping:
    """So it can do, exactly, all that our search can. See `tasks.engine.Engine`.

    `start`: source and mask (N S) to the state of one row a sentence. `positions`: how many tokens
    of a row the model has positions for (None: no end); longer ones are left to others.
    """

    name: str
    start: Callable[[Tensor, Tensor], Any]
    step: Step
    positions: int | None = None

    def takes(self, decode: DecodeConfig, ask: Ask, prefixes: Sequence[Sequence[int]]) -> bool:
        """Everything but a trace, which belongs to one batch."""
        return ask.trace is None

    @torch.inference_mode()
    def decoded(
        self, sources: Sequence[Sequence[int]], decode: DecodeConfig, ask: Ask, limits: Limits
    ) -> list[list[Hypothesis] | None]:
        """Hypotheses of each source, best first; None for a row that is too long."""
        lengths = [max(len(s), most) for s, most in zip(sources, limits.max_len, strict=True)]
        fit = [i for i, n in enumerate(lengths) if self.positions is None or n <= self.positions]
        found: list[list[Hypothesis] | None] = [None] * len(sources)
        for rows in batches([len(sources[i]) for i in fit], max(decode.width, ask.best)):
            chosen = [fit[row] for row in rows]
            source = pad([sources[i] for i in chosen])
            own = replace(ask, phrases=ask.phrases and [ask.phrases[i] for i in chosen])
            prefix = limits.prefix and [limits.prefix[i] for i in chosen]
            ends = replace(limits, max_len=[limits.max_len[i] for i in chosen], prefix=prefix)
            made = decode.run(self.step, self.start(source, ok(source)), ends, own)
            for i, hypotheses in zip(chosen, made, strict=True):
                found[i] = hypotheses
        return found


def batches(lengths: Sequence[int], width: int) -> Iterator[list[int]]:
    """Numbers of rows, longest first, within `BATCH` at `width` copies of each."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    start = 0
    while start < len(order):
        count = max(1, BATCH // (lengths[order[start]] * width))
        yield order[start : start + count]
        start += count
