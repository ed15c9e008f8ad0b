"""The ends that a search has found, how they rank, and when nothing better can come.

A pool closes when no live hypothesis can still come in. A log-probability is at most 0 and the
length penalty grows with the length, so one of sum s can at best reach s / penalty(max_len), its
coverage at best 0; once the worst of the `n_best` kept has that much, the rest is lost for certain.

`B` sentences still open, `G` pools of each (1, or the groups of diverse search), `W` hypotheses of
each, pool by pool, `R` = B W rows, `S` source positions.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from regard.search.base import IMPOSSIBLE, Hypothesis, Limits
from regard.search.live import Live


@dataclass(frozen=True)
class Ranking:
    """Length penalty and coverage penalty of Wu et al. 2016 (equation 14).

    `alpha` 0 is the plain sum. `coverage` gives for each row the attention that every source
    position has had so far, (R, S), with 1 at padding. `offset` 5 is theirs; with 0 a score is
    divided by n^alpha. `hopes`: may a hypothesis gain by growing longer? If not, its hope is what
    it has now. `cut`: do those that the limit cuts rank with those that ended? If not, they count
    only where none ended.
    """

    alpha: float = 1.0
    beta: float = 0.0
    coverage: Callable[[Any], Tensor] | None = None
    offset: float = 5.0
    hopes: bool = True
    cut: bool = False

    def __post_init__(self) -> None:
        if self.alpha < 0 or self.beta < 0:
            raise ValueError(f"alpha is {self.alpha} and beta {self.beta}; neither may be negative")
        if self.beta and self.coverage is None:
            raise ValueError(f"beta is {self.beta} but no coverage is given; give a function that "
                             "reads it from the state, or leave beta at 0")

    def penalty(self, length: Any) -> Any:
        """Of a length (a number or a tensor), eos counted."""
        return ((self.offset + length) / (self.offset + 1)) ** self.alpha

    def covered(self, state: Any, rows: list[int]) -> list[float]:
        """What the given rows lose for source positions not attended to."""
        if self.coverage is None or not self.beta:
            return [0.0] * len(rows)
        had = self.coverage(state)[rows].clamp(1e-9, 1.0)  # so that a position left out costs ~20
        return (self.beta * had.log().sum(-1)).tolist()


class Found:
    """The ends found so far, and which pools still wait for better ones."""

    def __init__(self, limits: Limits, ranking: Ranking, n_best: int, pools: int) -> None:
        if n_best < 1:
            raise ValueError(f"n_best is {n_best}; it must be 1 or more")
        self.eos, self.ranking, self.n_best = limits.eos, ranking, n_best
        device, count = limits.start().device, len(limits.max_len)
        self.room = torch.tensor(list(limits.max_len), dtype=torch.long, device=device)
        self.pools: list[list[list[Hypothesis]]] = [[[] for _ in range(pools)]
                                                    for _ in range(count)]
        self.worst = torch.full((count, pools), IMPOSSIBLE, device=device)  # of a full pool
        self.closed = torch.zeros(count, pools, dtype=torch.bool, device=device)

    def take(self, before: Live, after: Live, rows: Tensor, state: Any) -> Live:
        """Set aside what has ended, close pools, and return what lives on (same rows)."""
        sentence, length, pools = after.sentence, after.history.size(1), self.closed.size(1)
        ended = (after.history[:, -1] == self.eos) & (after.total.flatten() > IMPOSSIBLE)
        if ended.any():
            at = ended.nonzero()[:, 0]
            self.put(after, at, self.ranking.covered(state, rows[at].tolist()))
        total = after.total.masked_fill(ended.view_as(after.total), IMPOSSIBLE)
        room = self.room[sentence]
        best = total.view(len(total), pools, -1).amax(-1)  # (B, G)
        ahead = room if self.ranking.hopes else torch.full_like(room, length)
        hope = best / self.ranking.penalty(ahead)[:, None]
        over = (self.worst[sentence] >= hope) | (length >= room)[:, None]
        closing = over & ~self.closed[sentence]
        if closing.any():
            for b, g in closing.nonzero().tolist():
                dead = bool(best[b, g] == IMPOSSIBLE)  # no way on from the step before
                late = self.ranking.cut and length >= int(room[b]) and not dead
                if late or not self.pools[int(sentence[b])][g]:  # nothing has ended: what there is
                    here = before if dead else replace(after, total=total)
                    self.unfinished(here, b, g, None if dead else rows, state)
            self.closed[sentence] |= closing
        closed = self.closed[sentence].repeat_interleave(total.size(1) // pools, 1)
        return replace(after, total=total.masked_fill(closed, IMPOSSIBLE))

    def put(self, live: Live, at: Tensor, covered: list[float]) -> None:
        """The hypotheses in rows `at`, into their pools."""
        width, share = live.total.size(1), live.total.size(1) // self.closed.size(1)
        said, given = live.history[at].tolist(), live.scores[at].tolist()
        for row, tokens, scores, loss in zip(at.tolist(), said, given, covered, strict=True):
            b, g = int(live.sentence[row // width]), row % width // share
            finished = bool(tokens) and tokens[-1] == self.eos
            score, pool = sum(scores, 0.0), self.pools[b][g]
            rank = score / self.ranking.penalty(len(tokens)) + loss
            pool.append(Hypothesis(tokens[:-1] if finished else tokens, score, scores,
                                   finished, rank))
            pool.sort(key=lambda h: -h.ranking)  # stable: of equals the one found first
            del pool[self.n_best:]
            if len(pool) == self.n_best:
                self.worst[b, g] = pool[-1].ranking

    def unfinished(self, live: Live, b: int, g: int, parents: Tensor | None, state: Any) -> None:
        """The live ones of pool `g` of the sentence at place `b`, as they stand."""
        width, share = live.total.size(1), live.total.size(1) // self.closed.size(1)
        low = b * width + g * share
        at = low + (live.total[b, g * share:(g + 1) * share] > IMPOSSIBLE).nonzero()[:, 0]
        rows = at if parents is None else parents[at]
        self.put(live, at, self.ranking.covered(state, rows.tolist()))
