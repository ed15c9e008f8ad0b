"""Beam search with length and coverage penalty (Wu et al. 2016, section 7) and n-best lists.

At each step the `size` best extensions of a sentence are taken; those that end with eos are set
aside, the others live on. A sentence leaves the batch as soon as nothing live can come into its
n-best list. So a beam of 1 is greedy search, and a beam wide enough is exhaustive.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from regard.search.base import Hypothesis, Limits, Processor, Step
from regard.search.explore import explore
from regard.search.found import Ranking
from regard.search.live import Picks, extensions
from regard.search.trace import Candidate


def beam(step: Step, state: Any, limits: Limits, *, size: int = 5, alpha: float = 1.0,
         n_best: int = 1, processors: Sequence[Processor] = (),
         coverage: Callable[[Any], Tensor] | None = None, beta: float = 0.0,
         trace: list[list[Candidate]] | None = None) -> list[list[Hypothesis]]:
    """Up to `n_best` hypotheses per sentence, best ranking first; unfinished only if none ended.

    `ranking` is score / ((5 + n) / 6)^alpha with n tokens, eos counted, and beta times the log
    coverage added; `coverage` reads (R, S) from the state, 1 at padding. `trace` gets one list of
    candidates a step. Raises ValueError for settings out of range.
    """
    if size < 1:
        raise ValueError(f"the beam size is {size}; it must be 1 or more")

    def pick(total: Tensor, logprobs: Tensor, t: int, sentence: Tensor) -> Picks:
        picks = extensions(total, logprobs, size)
        return picks.seated() if size == total.size(1) else picks

    found = explore(step, state, limits, pick, Ranking(alpha, beta, coverage), n_best=n_best,
                    processors=processors, trace=trace)
    return [pools[0] for pools in found]
