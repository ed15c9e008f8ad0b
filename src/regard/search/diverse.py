"""Diverse beam search (Vijayakumar et al. 2016, algorithm 1) with the Hamming diversity.

The beam is split into groups that step one after the other; a token costs a group `strength` for
each time an earlier group took it at the same step. `B` sentences, `W` hypotheses, `V` vocabulary.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from regard.search.base import IMPOSSIBLE, Hypothesis, Limits, Processor, Step
from regard.search.explore import explore
from regard.search.found import Ranking
from regard.search.live import Picks, extensions


def diverse(step: Step, state: Any, limits: Limits, *, size: int = 5, groups: int = 5,
            strength: float = 0.5, alpha: float = 1.0, processors: Sequence[Processor] = ()
            ) -> list[list[Hypothesis]]:
    """The best hypothesis of each group, best ranking first, equal ones once; `size` is in all.

    Diversity decides what lives on; scores and rankings are the model's alone. Unfinished ones
    come back only if no group finished. Raises ValueError unless the groups share the beam evenly.
    """
    if groups < 1 or size < 1 or size % groups:
        raise ValueError(f"a beam of {size} cannot be shared by {groups} groups; "
                         "take a size that is a multiple of the groups")
    if strength < 0:
        raise ValueError(f"the diversity strength is {strength}; it must be 0 or more")
    pick = Groups(groups, size // groups, strength)
    found = explore(step, state, limits, pick, Ranking(alpha), pools=groups, processors=processors)
    return [merged([h for pool in pools for h in pool]) for pools in found]


class Groups:
    """The first group picks freely, each later one pays for what the earlier ones took."""

    def __init__(self, groups: int, width: int, strength: float) -> None:
        self.groups, self.width, self.strength = groups, width, strength

    def __call__(self, total: Tensor, logprobs: Tensor, t: int, sentence: Tensor) -> Picks:
        B, W, V = logprobs.shape
        share, taken, parts = W // self.groups, logprobs.new_zeros(B, V), []
        for g in range(self.groups):
            mine = slice(g * share, (g + 1) * share)
            dear = logprobs[:, mine] - self.strength * taken[:, None]
            parent, token, cost = extensions(total[:, mine], dear, self.width)
            real = cost > IMPOSSIBLE
            paid = self.strength * taken.gather(1, token)
            amount = torch.where(real, cost + paid, IMPOSSIBLE)
            parts.append(Picks(parent + g * share, token, amount))
            taken.scatter_add_(1, token, real.to(taken.dtype))
        return Picks(*(torch.cat(part, 1) for part in zip(*parts, strict=True)))


def merged(hypotheses: list[Hypothesis]) -> list[Hypothesis]:
    """Finished ones if there are any, each output once, best first."""
    ended = [h for h in hypotheses if h.finished] or hypotheses
    once = {tuple(h.tokens): h for h in reversed(ended)}
    return sorted(reversed(once.values()), key=lambda h: -h.ranking)
