"""What may come next: the limits and guards against repetition, small objects that only mask.

Guards come after the limits, and none takes a row's last choice: then it is overruled. So a forced
prefix may repeat itself, and a guard never leads a sentence into a dead end.
`R` rows, `V` vocabulary, `t` tokens produced, `P` longest prefix, `N` n-gram size, `M` ids that may
come once.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from regard.search.base import IMPOSSIBLE, Limits, Processor, checked


class Once:
    """Ids that only some sentences may produce, each of them at most once in an output."""

    def __init__(self, rows: Sequence[Sequence[int]], device: torch.device) -> None:
        ids = sorted({i for row in rows for i in row})
        self.ids = torch.tensor(ids, dtype=torch.long, device=device)  # (M,)
        mine = [[i in row for i in ids] for row in map(set, rows)]
        self.mine = torch.tensor(mine, dtype=torch.bool, device=device)  # (B, M)

    def of(self, logprobs: Tensor, history: Tensor, owner: Tensor) -> Tensor:
        """Their log-probabilities (R, M), -inf where a row may not produce one now."""
        place = torch.searchsorted(self.ids, history).clamp(max=len(self.ids) - 1)  # (R, t)
        place = place.where(self.ids[place] == history, len(self.ids))
        said = torch.zeros(len(history), len(self.ids) + 1, dtype=torch.bool, device=owner.device)
        said = said.scatter_(1, place, True)[:, :-1]
        return logprobs[:, self.ids].masked_fill(said | ~self.mine[owner], IMPOSSIBLE)


class Bounds:
    """The hard part: forbidden ids, what may come once, no early eos, forced prefix. Never
    overruled.

    A prefix that the model gives no probability at all ends the hypothesis there, unfinished.
    """

    def __init__(self, limits: Limits) -> None:
        device = limits.start().device
        self.eos, self.min_len = limits.eos, limits.min_len
        self.forbid = torch.tensor(list(limits.forbid), dtype=torch.long, device=device)
        forced = limits.prefix or []
        longest = max(map(len, forced), default=0)
        self.prefix = torch.tensor(  # (B, P), -1 where a prefix is over
            [[*p, *[-1] * (longest - len(p))] for p in forced], dtype=torch.long, device=device)
        self.longest = longest
        once = limits.once or ()
        self.once = Once(once, device) if any(once) else None

    def __call__(self, logprobs: Tensor, history: Tensor, owner: Tensor) -> Tensor:
        """In place: a copy of all log-probabilities would cost as much as a layer."""
        t = history.size(1)
        want = self.prefix[owner, t, None] if t < self.longest else None  # (R, 1)
        given = None if want is None else logprobs.gather(1, want.clamp(min=0))
        spared = self.once.of(logprobs, history, owner) if self.once else None
        if self.forbid.numel():
            logprobs.index_fill_(1, self.forbid, IMPOSSIBLE)
        if self.once and spared is not None:
            logprobs.index_copy_(1, self.once.ids, spared)
        if t < self.min_len:
            logprobs[:, self.eos] = IMPOSSIBLE
        if want is None or given is None:
            return logprobs
        only = torch.full_like(logprobs, IMPOSSIBLE).scatter_(1, want.clamp(min=0), given)
        return torch.where(want >= 0, only, logprobs)


class NoRepeat:
    """No n-gram of `size` tokens twice in an output; 0 is off."""

    def __init__(self, size: int) -> None:
        if size < 0:
            raise ValueError(f"the n-gram size is {size}; 0 turns the guard off, 1 or more sets it")
        self.size = size

    def __call__(self, logprobs: Tensor, history: Tensor, owner: Tensor) -> Tensor:
        if self.size == 0 or history.size(1) < self.size:
            return logprobs
        grams = history.unfold(1, self.size, 1)  # (R, t-N+1, N)
        tail = history[:, history.size(1) - self.size + 1:]  # (R, N-1)
        seen = (grams[..., :-1] == tail[:, None]).all(-1)  # (R, t-N+1)
        return forbid(logprobs, grams[..., -1], seen)


class Repetition:
    """No phrase of up to `period` tokens more than `times` times in a row.

    "salad salad salad ..." ends, while an ellipsis or the zeros of a million may stand. With one
    more token, `times` + 1 copies of a phrase of p tokens would be a tail of (times + 1) p tokens
    in which each equals the one p before it; so the token p back is the one to forbid.
    """

    def __init__(self, times: int = 4, period: int = 4) -> None:
        if times < 1 or period < 1:
            raise ValueError(f"times is {times} and period {period}; both must be 1 or more")
        self.times, self.period = times, period

    def __call__(self, logprobs: Tensor, history: Tensor, owner: Tensor) -> Tensor:
        t = history.size(1)
        tokens, where = [], []
        for p in range(1, self.period + 1):
            length = (self.times + 1) * p - 1
            if t >= length:
                tail = history[:, t - length:]
                tokens.append(history[:, t - p])  # (R,)
                where.append((tail[:, p:] == tail[:, :-p]).all(-1))
        if not where:
            return logprobs
        return forbid(logprobs, torch.stack(tokens, 1), torch.stack(where, 1))


def forbid(logprobs: Tensor, tokens: Tensor, where: Tensor) -> Tensor:
    """-inf at `tokens` (R, n) wherever `where` (R, n) holds."""
    if not where.any():  # mostly so
        return logprobs
    vocabulary = logprobs.size(1)
    banned = logprobs.new_zeros(logprobs.size(0), vocabulary + 1, dtype=torch.bool)
    banned.scatter_(1, tokens.where(where, vocabulary), True)  # the extra column takes the rest
    return logprobs.masked_fill(banned[:, :vocabulary], IMPOSSIBLE)


class Rules:
    """All that holds in one search: check the step's answer, then bounds, then guards in order."""

    def __init__(self, limits: Limits, guards: Sequence[Processor] = ()) -> None:
        self.bounds, self.guards = Bounds(limits), tuple(guards)

    def __call__(self, logprobs: Tensor, history: Tensor, owner: Tensor) -> Tensor:
        """Shapes as a processor's. Raises ValueError for NaN or what is no log-probability."""
        allowed = self.bounds(checked(logprobs, history.size(0)), history, owner)
        for guard in self.guards:
            guarded = guard(allowed, history, owner)
            if guarded is not allowed:
                nothing_left = guarded.amax(-1, keepdim=True) == IMPOSSIBLE
                allowed = allowed.where(nothing_left, guarded)
        return allowed
