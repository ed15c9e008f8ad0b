"""The hypotheses in the batch and how they are extended.

`B` sentences still open, `W` hypotheses of each, `R` = B W rows (sentence by sentence), `M` picks
a sentence, `V` vocabulary, `t` tokens produced.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from regard.search.base import top


class Picks(NamedTuple):
    """The extensions that live on or end: (B, M) each, pool by pool, a total of -inf for none."""

    parent: Tensor
    token: Tensor
    total: Tensor


    def seated(self) -> "Picks":
        """The same picks; the first child of each parent sits where its parent sat.

        So a state has as few rows to move as can be. There must be as many picks as parents.
        """
        width = torch.arange(self.parent.size(1), device=self.parent.device)
        same = self.parent[:, :, None] == self.parent[:, None, :]  # B M M
        first = ~same.tril(-1).any(-1)
        taken = torch.zeros_like(first).scatter(1, self.parent, True)
        free = taken.byte().argsort(dim=1, stable=True)  # seats without a first child come first
        others = first.byte().argsort(dim=1, stable=True)  # so do the children without a seat
        seat = torch.where(first, self.parent, torch.zeros_like(free).scatter(1, others, free))
        back = torch.zeros_like(seat).scatter(1, seat, width.expand_as(seat))
        return Picks(*(part.gather(1, back) for part in self))


@dataclass(frozen=True)
class Live:
    """The hypotheses in the batch; a total of -inf marks a slot without one."""

    sentence: Tensor  # (B,)
    total: Tensor  # (B, W)
    history: Tensor  # (R, t)
    scores: Tensor  # (R, t)

    def owner(self) -> Tensor:
        return self.sentence.repeat_interleave(self.total.size(1))

    def extend(self, picks: Picks, logprobs: Tensor) -> tuple["Live", Tensor]:
        """The picked ones, one token longer, and the row (B M,) that each came from."""
        first = torch.arange(len(self.sentence), device=picks.parent.device) * self.total.size(1)
        rows, token = (first[:, None] + picks.parent).flatten(), picks.token.flatten()
        history = torch.cat([self.history[rows], token[:, None]], 1)
        scores = torch.cat([self.scores[rows], logprobs[rows, token, None]], 1)
        return Live(self.sentence, picks.total, history, scores), rows

    def only(self, which: Tensor) -> "Live":
        """The sentences at places `which`."""
        rows = places(which, self.total.size(1))
        return Live(self.sentence[which], self.total[which], self.history[rows], self.scores[rows])


    def best(self, count: int) -> tuple["Live", Tensor]:
        """Of each sentence the `count` best, best first, and the rows that they are of."""
        width = self.total.size(1)
        total, place = self.total.sort(dim=1, descending=True, stable=True)
        total, place = total[:, :count], place[:, :count]
        first = torch.arange(len(self.sentence), device=place.device)[:, None] * width
        rows = (first + place).flatten()
        return Live(self.sentence, total, self.history[rows], self.scores[rows]), rows


def places(which: Tensor, width: int) -> Tensor:
    """Rows of the sentences at places `which`."""
    return (which[:, None] * width + torch.arange(width, device=which.device)).flatten()


def extensions(total: Tensor, logprobs: Tensor, count: int) -> Picks:
    """The `count` best extensions of a sentence, best first; of equals the lower parent, then id.

    In two stages, so that no (B, W V) is built: no parent has more than `count` of them.
    """
    B, W, V = logprobs.shape
    k = min(count, V)
    values, tokens = top(logprobs.reshape(B * W, V), k)
    sums = (total[..., None] + values.view(B, W, k)).flatten(1)  # (B, W k)
    best, index = top(sums, count)
    return Picks(index // k, tokens.view(B, -1).gather(1, index), best)
