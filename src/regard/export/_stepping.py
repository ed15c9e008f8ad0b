"""An engine that is our own search around the steps of an exported model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from regard.data.batching import ok, pad
from regard.export._shortlist import Shortlist
from regard.recipe import kind_of
from regard.search.base import Hypothesis, Limits, Step
from regard.tasks import translate
from regard.tasks.decode.base import Ask, DecodeConfig
from regard.tasks.workers import batches, side_by_side


@dataclass
class Stepping:
    """So it can do, exactly, all that our search can. See `tasks.engine.Engine`.

    `start`: source and mask (N S) to the state of one row a sentence. `positions`: how many tokens
    of a row the model has positions for (None: no end); longer ones are left to others. `divides`:
    batches may go side by side, each on its own core; else the model itself uses all cores.
    `shortlist`: search among the candidates of a batch only. `lead`: tokens that each prefix begins
    with and that are read beforehand (see `Codec.lead`).
    """

    name: str
    start: Callable[[Tensor, Tensor], Any]
    step: Step
    positions: int | None = None
    divides: bool = False
    shortlist: Shortlist | None = None
    lead: int = 0

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
            once = limits.once and [limits.once[i] for i in chosen]
            most = [limits.max_len[i] for i in chosen]
            ends = replace(limits, max_len=most, prefix=prefix, once=once)
            with torch.inference_mode():  # each thread has to say so
                state, ends = self.led(self.start(source, ok(source)), ends)
                if self.shortlist is None:
                    made = decode.run(self.step, state, ends, own)
                else:
                    read = [sources[i] for i in chosen]
                    made = self.shortlist.run(read, state, decode, ends, own)
                return dict(zip(chosen, made, strict=True))

        parts = torch.get_num_threads() if self.divides else 1
        width = max(decode.width, ask.best)
        divided = batches([len(sources[i]) for i in fit], width, parts=parts)
        for made in side_by_side(answers, divided) if self.divides else map(answers, divided):
            for i, hypotheses in made.items():
                found[i] = hypotheses
        return found

    def led(self, state: Any, limits: Limits) -> tuple[Any, Limits]:
        """The state behind all of the lead but its last token, with which the search begins."""
        if not self.lead or not limits.prefix:
            return state, limits
        first = torch.tensor([[int(limits.bos), *row[: self.lead]] for row in limits.prefix])
        for t in range(self.lead):
            _, state = self.step(first[:, t : t + 1], state)
        prefix = [row[self.lead :] for row in limits.prefix]
        return state, replace(limits, bos=first[:, -1], prefix=prefix)


def positions(recipe: translate.Config) -> int | None:
    """Where learned positions end, if they do."""
    stacks = (recipe.model.encoder, recipe.model.decoder)
    found = [getattr(stack, "position", None) for stack in stacks]
    return min((p.length for p in found if p and kind_of(p) == "learned"), default=None)
