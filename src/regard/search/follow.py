"""One hypothesis per row, followed to its end: the loop under greedy search and sampling.

`B` sentences, `C` copies of each, `R` rows still running (at first B C), `V` vocabulary.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from regard.search.base import IMPOSSIBLE, Hypothesis, Limits, Processor, Step
from regard.search.processors import Rules

# (allowed log-probabilities (R, V), place (R,) of each row among the first B C, t) -> tokens (R,)
Choose = Callable[[Tensor, Tensor, int], Tensor]


@torch.no_grad()
def follow(step: Step, state: Any, limits: Limits, choose: Choose, *, copies: int = 1,
           processors: Sequence[Processor] = ()) -> list[Hypothesis]:
    """B C hypotheses, the copies of a sentence side by side; rows leave the batch as they end."""
    rules, tokens = Rules(limits, processors), limits.start()
    owner = torch.arange(len(tokens), device=tokens.device).repeat_interleave(copies)
    if copies > 1:
        state, tokens = state.reorder(owner), tokens[owner]
    place = torch.arange(len(owner), device=owner.device)
    room = torch.tensor(list(limits.max_len), dtype=torch.long, device=owner.device)
    history = tokens.new_zeros(len(owner), 0)
    scores = history.float()
    out: dict[int, Hypothesis] = {}
    while len(place):
        logprobs, state = step(tokens[:, None], state)
        logprobs = rules(logprobs, history, owner)
        tokens = choose(logprobs, place, history.size(1))
        value = logprobs.gather(1, tokens[:, None])
        stuck = value[:, 0] == IMPOSSIBLE  # nothing may come next: ends here, unfinished
        history, scores = torch.cat([history, tokens[:, None]], 1), torch.cat([scores, value], 1)
        leaving = (tokens == limits.eos) | stuck | (history.size(1) >= room[owner])
        if leaving.any():
            gone = (place[leaving], history[leaving], scores[leaving], stuck[leaving])
            for i, said, given, dead in zip(*(x.tolist() for x in gone), strict=True):
                out[i] = ended(said[:-1], given[:-1]) if dead else ended(said, given, limits.eos)
            stay = (~leaving).nonzero()[:, 0]
            place, owner, tokens = place[stay], owner[stay], tokens[stay]
            history, scores = history[stay], scores[stay]
            state = state.reorder(stay) if len(stay) else state
    return [out[i] for i in range(len(out))]


def ended(tokens: list[int], scores: list[float], eos: int | None = None) -> Hypothesis:
    """A hypothesis ranked by its score; finished when its last token is eos."""
    finished = bool(tokens) and tokens[-1] == eos
    score = sum(scores, 0.0)
    return Hypothesis(tokens[:-1] if finished else tokens, score, scores, finished, score)
