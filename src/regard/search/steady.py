"""Beam search that stays full, as `transformers` does it.

Of twice `size` extensions those that end, if they are among the best `size`, are set aside; the
best `size` of the others live on. So an end costs the beam no seat. A sentence closes when it has
`size` ends and the best that lives cannot beat the worst of them, by what it has now (which may be
too early) or by what it could have at most. Hypotheses that the limit cuts rank with the others.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from regard.search.base import IMPOSSIBLE, Hypothesis, Limits, Processor, Step
from regard.search.explore import explore
from regard.search.found import Ranking
from regard.search.live import Picks, extensions


def steady(step: Step, state: Any, limits: Limits, *, size: int = 4, alpha: float = 1.0,
           lead: int = 0, sure: bool = False, n_best: int = 1,
           processors: Sequence[Processor] = ()) -> list[list[Hypothesis]]:
    """Up to `n_best` hypotheses per sentence, best ranking first.

    `ranking` is score / n^alpha up to a factor, n counting eos and `lead` tokens given beforehand.
    `sure`: close a sentence only when nothing better can come. Raises ValueError for settings out
    of range.
    """
    if size < 1 or lead < 0:
        raise ValueError(f"size is {size} and lead {lead}; they must be 1 and 0 or more")

    room = torch.tensor(list(limits.max_len), device=limits.start().device)

    def pick(total: Tensor, logprobs: Tensor, t: int, sentence: Tensor) -> Picks:
        picks = extensions(total, logprobs, 2 * size)
        late = torch.arange(picks.token.size(1), device=total.device) >= size
        last = (t + 1 >= room[sentence])[:, None]
        lost = late & ((picks.token == limits.eos) | last)
        return picks._replace(total=picks.total.masked_fill(lost, IMPOSSIBLE))

    ranking = Ranking(alpha, offset=float(lead), hopes=sure, cut=True)
    found = explore(step, state, limits, pick, ranking, n_best=max(size, n_best), keep=size,
                    processors=processors)
    return [pools[0][:n_best] for pools in found]
