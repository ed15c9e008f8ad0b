"""Lexical shortlist: of a large vocabulary only the tokens that translations of these sources use.

Candidates of a source token are the target tokens that IBM Model 1 (Brown et al. 1993, 4.1,
https://aclanthology.org/J93-2003/) gives it most often on the training text; a batch may write
those of all its tokens, the most frequent tokens of all, and what it is forced to. As in Marian
(Kim et al. 2019, https://aclanthology.org/D19-5632/).

`C` candidates, `V` vocabulary, `L` links: a source and a target token of one sentence pair.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from regard.search.base import Hypothesis, Limits, Step
from regard.tasks.decode.base import Ask, DecodeConfig

BEST = 50  # candidates of a source token
OFTEN = 100  # tokens that every batch may write
ROUNDS = 4  # of expectation and maximisation
PAIRS = 50_000  # sentence pairs that are looked at

Ids = Sequence[int]


def lexicon(pairs: Iterable[tuple[Ids, Ids]], sources: int, targets: int) -> dict[str, np.ndarray]:
    """`best` (sources, BEST): candidates of each source token, -1 for none; `often` (OFTEN,)."""
    links, groups, words, seen = [], [], [np.zeros(0, np.int64)], 0
    for source, target in pairs:
        s, t = np.asarray(source, np.int64), np.asarray(target, np.int64)
        links.append((s[:, None] * targets + t).ravel())
        groups.append(np.tile(np.arange(seen, seen + len(t)), len(s)))
        words.append(t)
        seen += len(t)
    often = np.bincount(np.concatenate(words), minlength=targets).argsort(kind="stable")[::-1]
    best = np.full((sources, BEST), -1, np.int32)
    if links:
        kinds, number = np.unique(np.concatenate(links), return_inverse=True)
        chance = expected(number, np.concatenate(groups), kinds // targets, sources)
        order = np.lexsort((-chance, kinds // targets))
        of = (kinds // targets)[order]
        place = np.arange(len(order)) - np.searchsorted(of, of)  # among those of its source
        near = place < BEST
        best[of[near], place[near]] = (kinds % targets)[order][near]
    return {"best": best, "often": often[:OFTEN].astype(np.int32)}


def expected(number: np.ndarray, group: np.ndarray, source: np.ndarray, size: int) -> np.ndarray:
    """p(t | s) of each kind of link.

    `number` (L,): which kind a link is; `group` (L,): the target place it competes for; `source`:
    the source token of each kind.
    """
    chance = np.ones(len(source))
    for _ in range(ROUNDS):
        share = chance[number]
        share /= np.bincount(group, share)[group]
        counts = np.bincount(number, share, len(source))
        chance = counts / np.bincount(source, counts, size)[source]
    return chance


class Shortlist:
    """Candidates of batches, and the search among them; `step_of` makes the step for some ids."""

    def __init__(
        self, best: Tensor, often: Tensor, specials: int, step_of: Callable[[Tensor], Step]
    ):
        self.best, self.step_of = best, step_of
        self.always = torch.cat([torch.arange(specials), often.long()])

    def of(self, sources: Sequence[Ids], limits: Limits, ask: Ask) -> Tensor:
        """The ids (C,) that answers to these sources may hold, ascending."""
        read = torch.tensor([i for row in sources for i in row]).unique()
        forced = [i for row in limits.prefix or () for i in row]
        forced += [i for row in ask.phrases or () for phrase in row for i in phrase]
        found = self.best[read].flatten().long()
        return torch.cat([found[found >= 0], self.always, torch.tensor(forced).long()]).unique()

    def run(
        self, sources: Sequence[Ids], state: Any, decode: DecodeConfig, limits: Limits, ask: Ask
    ) -> list[list[Hypothesis]]:
        """Hypotheses of a batch."""
        local = Local(self.of(sources, limits, ask))
        made = decode.run(self.step_of(local.ids), state, local.limits(limits), local.ask(ask))
        return local.answers(made)


class Local:
    """A search over candidates only: ids become places among them, and answers ids again."""

    def __init__(self, ids: Tensor):
        self.ids = ids
        self.place = {token: place for place, token in enumerate(ids.tolist())}

    def rows(self, rows: Iterable[Ids]) -> list[list[int]]:
        """Places of each row's ids."""
        return [[self.place[i] for i in row] for row in rows]

    def limits(self, limits: Limits) -> Limits:
        """The same limits, in places."""
        bos = limits.bos
        assert isinstance(bos, int)
        return replace(
            limits, bos=self.place[bos], eos=self.place[limits.eos],
            forbid=[self.place[i] for i in limits.forbid if i in self.place],
            prefix=limits.prefix and self.rows(limits.prefix),
            once=limits.once and self.rows(limits.once),
        )  # fmt: skip

    def ask(self, ask: Ask) -> Ask:
        """The same wishes, in places."""
        decode = ask.decode
        return replace(
            ask, phrases=ask.phrases and [self.rows(row) for row in ask.phrases],
            decode=decode and (lambda rows: decode([self.back(row) for row in rows])),
        )  # fmt: skip

    def back(self, places: Ids) -> list[int]:
        """The ids."""
        return self.ids[list(places)].tolist() if len(places) else []

    def answers(self, found: list[list[Hypothesis]]) -> list[list[Hypothesis]]:
        """Hypotheses of ids."""
        return [[replace(h, tokens=self.back(h.tokens)) for h in row] for row in found]
