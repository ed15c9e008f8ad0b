"""Many hypotheses per sentence side by side: the loop under beam, diverse and constrained search.

What differs between those is a `Pick`: which extensions live on. Pools are sets of hypotheses of
one sentence that end apart (the groups of diverse search); elsewhere there is one.

`B` sentences still open, `W` hypotheses of each, `R` = B W rows, `V` vocabulary, `t` tokens so far.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from regard.search.base import IMPOSSIBLE, Hypothesis, Limits, Processor, Step
from regard.search.found import Found, Ranking
from regard.search.live import Live, Picks, places
from regard.search.processors import Rules
from regard.search.trace import Recorder

# (totals (B, W), log-probabilities (B, W, V), t, sentences (B,)) -> Picks
Pick = Callable[[Tensor, Tensor, int, Tensor], Picks]


@torch.no_grad()
def explore(step: Step, state: Any, limits: Limits, pick: Pick, ranking: Ranking, *,
            n_best: int = 1, pools: int = 1, processors: Sequence[Processor] = (),
            keep: int | None = None, trace: list[Any] | None = None
            ) -> list[list[list[Hypothesis]]]:
    """For each sentence and pool the hypotheses found, best first.

    `keep`: of those that a pick lets live, how many a sentence go on (None: all; one pool only).
    """
    rules, tokens = Rules(limits, processors), limits.start()
    sentence = torch.arange(len(tokens), device=tokens.device)
    empty = tokens.new_zeros(len(tokens) * pools, 0)
    live = Live(sentence, empty.new_zeros(len(tokens), pools).float(), empty, empty.float())
    if pools > 1:
        state, tokens = state.reorder(live.owner()), tokens[live.owner()]
    found = Found(limits, ranking, n_best, pools)
    recorder = Recorder(trace) if trace is not None else None
    while len(live.sentence):
        logprobs, state = step(tokens[:, None], state)
        logprobs = rules(logprobs, live.history, live.owner())
        wide = logprobs.view(*live.total.shape, -1)  # (B, W, V)
        picks = pick(live.total, wide, live.history.size(1), live.sentence)
        blank = picks.total == IMPOSSIBLE  # feed these slots something every model knows
        picks = picks._replace(token=picks.token.masked_fill(blank, limits.eos))
        if recorder:
            recorder.add(live.sentence, live.total, wide, picks, limits.eos)
        longer, rows = live.extend(picks, logprobs)
        longer = found.take(live, longer, rows, state)
        stay = staying(~found.closed[longer.sentence].all(1))
        if recorder:
            recorder.keep(stay)
        rows = rows[places(stay, picks.token.size(1))]
        live = longer.only(stay)
        if keep is not None and len(stay):
            live, best = live.best(keep)
            rows = rows[best]
        tokens = live.history[:, -1]
        if len(rows) and not same_rows(rows, len(logprobs)):
            state = state.reorder(rows)
    return found.pools


def staying(open_: Tensor) -> Tensor:
    """Places of the sentences still open, the last ones moved up to where others have closed."""
    stay = open_.nonzero()[:, 0]
    filled = torch.arange(len(stay), device=stay.device)
    filled[~open_[: len(stay)]] = stay[stay >= len(stay)]
    return filled


def same_rows(rows: Tensor, count: int) -> bool:
    return len(rows) == count and bool((rows == torch.arange(count, device=rows.device)).all())
