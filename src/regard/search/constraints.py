"""Lexically constrained beam search with dynamic beam allocation (Post & Vilar 2018, section 3).

Phrases that every output must hold. Hypotheses compete only within their bank, those with equally
many constraint tokens said, so one that pays for a phrase is not pushed out by those that wait.

Progress through a phrase is how much of it the output now ends with (Knuth, Morris & Pratt 1977),
or all of it once said. So it is a function of the tokens, phrases may overlap, and a phrase that
starts over is never missed. `B` sentences, `W` hypotheses of each, `M` picks, `V` vocabulary.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from regard.search.base import IMPOSSIBLE, Hypothesis, Limits, Processor, Step, top
from regard.search.explore import explore
from regard.search.found import Ranking
from regard.search.live import Picks, extensions

Phrase = tuple[int, ...]
Progress = tuple[int, ...]  # tokens said of each phrase
Option = tuple[float, int, int]  # total, parent, token


def constrained(step: Step, state: Any, limits: Limits, phrases: Sequence[Sequence[Sequence[int]]],
                *, size: int = 10, alpha: float = 1.0, n_best: int = 1,
                processors: Sequence[Processor] = ()) -> list[list[Hypothesis]]:
    """As beam search, where a sentence's finished outputs hold all of its phrases of token ids.

    Whatever the size, they are found if max_len has room for all the phrases and eos and nothing
    forbids their tokens; otherwise an unfinished output with as many as possible comes back.
    A sentence without phrases gets plain beam search. Raises ValueError for impossible phrases.
    """
    if size < 1:
        raise ValueError(f"the beam size is {size}; it must be 1 or more")
    pick = Banks([distinct(given, limits, i) for i, given in enumerate(phrases)], size, limits)
    found = explore(step, state, limits, pick, Ranking(alpha), n_best=n_best, processors=processors)
    return [pools[0] for pools in found]


def distinct(phrases: Sequence[Sequence[int]], limits: Limits, place: int) -> list[Phrase]:
    forbidden = set(limits.forbid) - set(limits.once[place] if limits.once else ())
    for phrase in phrases:
        if not phrase or limits.eos in phrase or set(phrase) & forbidden:
            raise ValueError(f"sentence {place}: the phrase {list(phrase)} can never be produced; "
                             "a phrase needs a token, and neither eos nor forbidden ids")
    return list(dict.fromkeys(map(tuple, phrases)))


class Banks:
    """The pick: candidates of every bank, and a fair share of the beam for each bank."""

    def __init__(self, phrases: list[list[Phrase]], size: int, limits: Limits) -> None:
        if len(phrases) != len(limits.max_len):
            raise ValueError(f"phrases for {len(phrases)} sentences, of {len(limits.max_len)}; "
                             "give a list for each, empty where nothing is asked")
        self.phrases, self.size, self.limits = phrases, size, limits
        self.said: list[list[Progress]] = [[(0,) * len(given)] for given in phrases]  # of the live

    def __call__(self, total: Tensor, logprobs: Tensor, t: int, sentence: Tensor) -> Picks:
        names = sentence.tolist()
        logprobs = self.without_early_eos(logprobs, names)
        options = self.options(total, logprobs, t, names)
        picks = [self.allot(i, given, t) for i, given in zip(names, options, strict=True)]
        for i, chosen in zip(names, picks, strict=True):
            self.said[i] = [self.after(i, option) for option in chosen]
        width = max(1, *map(len, picks))
        none = (IMPOSSIBLE, 0, self.limits.eos)
        table = [[*chosen, *[none] * (width - len(chosen))] for chosen in picks]
        sums, parent, token = torch.tensor(table, dtype=torch.float64).unbind(-1)
        device = total.device
        return Picks(parent.long().to(device), token.long().to(device),
                     sums.to(device, logprobs.dtype))

    def without_early_eos(self, logprobs: Tensor, names: list[int]) -> Tensor:
        """No eos before all is said."""
        waiting = [(b, w) for b, i in enumerate(names) for w in range(logprobs.size(1))
                   if not self.complete(i, w)]
        if not waiting:
            return logprobs
        logprobs, (b, w) = logprobs.clone(), torch.tensor(waiting).T
        logprobs[b, w, self.limits.eos] = IMPOSSIBLE
        return logprobs

    def options(self, total: Tensor, logprobs: Tensor, t: int, names: list[int]
                ) -> list[list[Option]]:
        """For each sentence, best first: the best extensions of all hypotheses together, the best
        one of each, and those that go on with a phrase (or end, when there is no more room)."""
        best = extensions(total, logprobs, self.size)
        pairs = zip(best.parent.tolist(), best.token.tolist(), strict=True)
        where = [(b, w, token) for b, pair in enumerate(pairs)
                 for w, token in zip(*pair, strict=True)]
        likeliest = top(logprobs.flatten(0, 1), 1)[1].view(total.shape).tolist()
        for b, i in enumerate(names):
            for w, said in enumerate(self.said[i] if self.phrases[i] else []):
                wanted = {p[n] for p, n in zip(self.phrases[i], said, strict=True) if n < len(p)}
                if not wanted and t + 1 == self.limits.max_len[i]:
                    wanted = {self.limits.eos}
                where += [(b, w, token) for token in {likeliest[b][w], *wanted}]
        b, w, token = torch.tensor(where, device=total.device).T
        sums = (total[b, w] + logprobs[b, w, token]).tolist()
        out: list[dict[tuple[int, int], float]] = [{} for _ in names]
        for (place, parent, word), amount in zip(where, sums, strict=True):
            if amount > IMPOSSIBLE:
                out[place][parent, word] = amount
        return [sorted(((s, *key) for key, s in given.items()), key=lambda o: (-o[0], o[1:]))
                for given in out]

    def allot(self, i: int, options: list[Option], t: int) -> list[Option]:
        """At most `size` options: each bank's best in turn, the fullest banks first when short."""
        banks: dict[int, list[Option]] = {}
        for option in options:
            banks.setdefault(bank(self.phrases[i], self.after(i, option)), []).append(option)
        if self.phrases[i] and banks and t + 1 == self.limits.max_len[i]:  # what cannot end is lost
            foremost = banks[max(banks)]
            return ([o for o in foremost if o[2] == self.limits.eos] or foremost)[:self.size]
        quota = max(1, self.size // max(1, len(banks)))
        fair = [o for bank in sorted(banks, reverse=True) for o in banks[bank][:quota]][:self.size]
        taken = set(fair)
        rest = [o for o in options if o not in taken]  # unused slots go to the best of any bank
        return sorted([*fair, *rest[:self.size - len(fair)]], key=lambda o: (-o[0], o[1:]))

    def after(self, i: int, option: Option) -> Progress:
        _, parent, token = option
        return tuple(advance(p, n, token) for p, n in
                     zip(self.phrases[i], self.said[i][parent], strict=True))

    def complete(self, i: int, w: int) -> bool:
        """Whether hypothesis `w` has said all; a slot without one counts as such."""
        said = self.said[i]
        return w >= len(said) or all(n == len(p) for p, n in
                                     zip(self.phrases[i], said[w], strict=True))


def bank(phrases: list[Phrase], said: Progress) -> int:
    """Tokens of the complete phrases, and of the one furthest under way.

    Going on with that one always reaches a higher bank, so the foremost hypothesis gets through
    all phrases in as many steps as they have tokens, whatever the model would rather say.
    """
    pairs = list(zip(phrases, said, strict=True))
    return (sum(n for p, n in pairs if n == len(p))
            + max((n for p, n in pairs if n < len(p)), default=0))


def advance(phrase: Phrase, n: int, token: int) -> int:
    """How much of the phrase is said after one more token, when it was `n` before."""
    if n == len(phrase) or phrase[n] == token:
        return min(n + 1, len(phrase))
    tail = (*phrase[:n], token)
    return next((k for k in range(n, 0, -1) if phrase[:k] == tail[-k:]), 0)
