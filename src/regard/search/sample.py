"""Sampling: temperature, top-k (Fan et al. 2018), nucleus or top-p (Holtzman et al. 2020, 3.1).

`B` sentences, `C` samples of each, `R` rows still running, `V` vocabulary.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from regard.search.base import Hypothesis, Limits, Processor, Step, top
from regard.search.follow import follow


def sample(step: Step, state: Any, limits: Limits, *, samples: int = 1, temperature: float = 1.0,
           top_k: int = 0, top_p: float = 1.0, generator: torch.Generator | None = None,
           processors: Sequence[Processor] = ()) -> list[list[Hypothesis]]:
    """`samples` hypotheses per sentence, best score first; one drawn twice stands twice.

    The score is the model's log-probability, whatever the temperature. A sentence's draws depend
    on the generator and on its place in the batch, not on the other sentences. 0 turns top-k off,
    1 top-p. Raises ValueError for settings out of range.
    """
    if samples < 1 or top_k < 0:
        raise ValueError(f"samples is {samples} and top_k {top_k}; take samples >= 1, top_k >= 0")
    if not (temperature > 0 and 0 < top_p <= 1):
        raise ValueError(f"temperature is {temperature} and top_p {top_p}; take temperature > 0 "
                         "(near 0 is greedy search) and 0 < top_p <= 1")
    uniform = draws(limits, samples, generator)

    def choose(logprobs: Tensor, place: Tensor, t: int) -> Tensor:
        return pick(logprobs, uniform[place, t, None], temperature, top_k, top_p)

    flat = follow(step, state, limits, choose, copies=samples, processors=processors)
    return [sorted(flat[i:i + samples], key=lambda h: -h.ranking)
            for i in range(0, len(flat), samples)]


def draws(limits: Limits, samples: int, generator: torch.Generator | None) -> Tensor:
    """Uniform numbers in [0, 1), (B C, longest max_len), from one seed for each sentence."""
    where = generator.device if generator is not None else None
    seeds = torch.randint(2**62, (len(limits.max_len),), generator=generator, device=where)
    rows = [torch.rand(most, samples, generator=torch.Generator().manual_seed(seed)).T
            for seed, most in zip(seeds.tolist(), limits.max_len, strict=True)]
    longest = max(limits.max_len, default=0)
    padded = [torch.nn.functional.pad(r, (0, longest - r.size(1))) for r in rows]
    return torch.cat([torch.zeros(0, longest), *padded]).to(limits.start().device)


def pick(logprobs: Tensor, uniform: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """One token a row by the inverse of the cumulated distribution: (R, V), (R, 1) -> (R,).

    The pool is the `top_k` likeliest, then of those the fewest that hold `top_p` of the mass.
    """
    values, tokens = logprobs, None
    if top_k or top_p < 1:
        values, tokens = top(logprobs, top_k or logprobs.size(1))
    probs = (values / temperature).softmax(-1)
    probs = probs.nan_to_num(0.0)  # a row where nothing may come: any token, seen as stuck
    probs = probs.masked_fill(probs.cumsum(-1) - probs >= top_p, 0.0) if top_p < 1 else probs
    mass = probs.cumsum(-1)
    # strictly below the whole mass, so that rounding never reaches past the last possible token
    goal = torch.minimum(uniform * mass[:, -1:], mass[:, -1:].nextafter(mass.new_zeros(())))
    index = torch.searchsorted(mass, goal, right=True).clamp(max=mass.size(1) - 1)
    return (index if tokens is None else tokens.gather(1, index))[:, 0]
