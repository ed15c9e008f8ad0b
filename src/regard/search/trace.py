"""The beam as it was, for drawing it as a tree: each step's foremost candidates and their fate.

`B` sentences still open, `W` live hypotheses, `V` vocabulary, `M` picks.
"""

from typing import Any, NamedTuple

from torch import Tensor

from regard.search.base import IMPOSSIBLE, top


class Candidate(NamedTuple):
    """One extension. `parent` is its place in the list of the step before, -1 at the root.

    `fate` is "kept", "finished" or "pruned"; `total` is the sum of log-probabilities.
    """

    sentence: int
    parent: int
    token: int
    logprob: float
    total: float
    fate: str


class Recorder:
    """Appends one list of `Candidate` a step: all that were picked, then as many that were not."""

    def __init__(self, trace: list[Any]) -> None:
        self.trace = trace
        self.names: list[list[int]] | None = None  # (B, W): where in the last list each slot is

    def add(self, sentence: Tensor, total: Tensor, logprobs: Tensor, picks: Any, eos: int) -> None:
        """(B,), (B, W), (B, W, V), the picks (B, M)"""
        V, candidates = logprobs.size(-1), list[Candidate]()
        names: list[list[int]] = []
        sums = (total[..., None] + logprobs).flatten(1)  # (B, W V)
        foremost, flat = top(sums, 2 * picks.token.size(1))
        picked = (picks.parent * V + picks.token).tolist()
        for b, name in enumerate(sentence.tolist()):
            chosen = list(zip(picked[b], picks.total[b].tolist(), strict=True))
            others = [x for x in zip(flat[b].tolist(), foremost[b].tolist(), strict=True)
                      if x[0] not in picked[b]]
            slots = []
            for i, (place, amount) in enumerate([*chosen, *others]):
                parent, token = divmod(place, V)
                fate = "pruned" if i >= len(chosen) else "finished" if token == eos else "kept"
                slots.append(len(candidates))
                if amount > IMPOSSIBLE:
                    before = self.names[b][parent] if self.names is not None else -1
                    candidates.append(Candidate(name, before, token,
                                                float(logprobs[b, parent, token]), amount, fate))
            names.append(slots[:len(chosen)])
        self.trace.append(candidates)
        self.names = names

    def keep(self, stay: Tensor) -> None:
        """Only the sentences at places `stay` go on."""
        self.names = [(self.names or [])[b] for b in stay.tolist()]
