"""What every search shares: hypotheses, limits, what steps and processors are, a top-k.

`B` sentences, `R` rows (hypotheses) now in the batch, `V` vocabulary, `t` tokens already produced.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

IMPOSSIBLE = -math.inf


class State(Protocol):
    """What a decoder remembers: search only reorders it; `index` may have any length."""

    def reorder(self, index: Tensor) -> Any: ...


# (tokens (R, 1), state of R rows) -> (log-probabilities (R, V), state of R rows). The answer is the
# search's own, which writes into it.
Step = Callable[[Tensor, Any], tuple[Tensor, Any]]

# (log-probabilities (R, V), history (R, t) without bos, owner (R,)) -> the same with some at -inf.
# `owner` says which sentence of the batch a row belongs to. A processor masks; it never rescales,
# or the reported score would no longer be the model's. It keeps nothing: what it needs to know
# of a row it reads from the history, so no reordering can be forgotten.
Processor = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Hypothesis:
    """One output: `tokens` without bos and eos, and what the model gave for it.

    `score` is the sum of `token_scores`, the model's log-probabilities (nats) of the tokens and,
    when `finished`, of eos as the last one. `ranking` is what it was ranked by.
    """

    tokens: list[int]
    score: float
    token_scores: list[float]
    finished: bool
    ranking: float


@dataclass(frozen=True)
class Limits:
    """Where outputs begin, end, and what they may hold.

    `bos`: first token fed to the step, one for all or (B,); a tensor also says on which device to
    work. `max_len`: most tokens of each sentence, eos counted. `min_len`: fewest tokens before
    eos. `forbid`: ids never produced. `prefix`: tokens each output must begin with, of any
    lengths; it overrules `forbid` and `min_len`, and its log-probabilities count in the score.
    `once`: ids that only the outputs of this sentence may hold, each once, though forbidden.
    Raises ValueError when they contradict each other.
    """

    bos: Tensor | int
    eos: int
    max_len: Sequence[int]
    min_len: int = 0
    forbid: Sequence[int] = ()
    prefix: Sequence[Sequence[int]] | None = None
    once: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        rows = len(self.max_len)
        for i, most in enumerate(self.max_len):
            if most < 1:
                raise ValueError(f"max_len of sentence {i} is {most}; eos alone needs 1")
        if isinstance(self.bos, Tensor) and self.bos.shape != (rows,):
            raise ValueError(f"bos has shape {tuple(self.bos.shape)}; "
                             f"{rows} sentences need ({rows},)")
        if self.eos in self.forbid:
            raise ValueError(f"eos ({self.eos}) is among the forbidden ids; no output could end")
        if self.once is not None and len(self.once) != rows:
            raise ValueError(f"once has {len(self.once)} rows for {rows} sentences; each needs one")
        if self.prefix is not None and len(self.prefix) != rows:
            raise ValueError(f"{len(self.prefix)} prefixes for {rows} sentences; give one for each")
        for i, forced in enumerate(self.prefix or ()):
            if len(forced) > self.max_len[i]:
                raise ValueError(f"the prefix of sentence {i} has {len(forced)} tokens, more than "
                                 f"its max_len of {self.max_len[i]}")
            if self.eos in forced:
                raise ValueError(f"the prefix of sentence {i} holds eos ({self.eos}); leave it out")

    def start(self) -> Tensor:
        """The first tokens to feed, (B,)."""
        if isinstance(self.bos, Tensor):
            return self.bos.long()
        return torch.full((len(self.max_len),), self.bos)


def top(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each row, largest first, equal ones by lower index: (R, N) -> two (R, k).

    `Tensor.topk` leaves open which of several equal values it takes, so two batches could answer
    differently; here the rare rows with a tie at the edge are sorted in full. Entries of -inf mean
    "nothing" and are not ordered.
    """
    k, width = min(k, values.size(-1)), values.size(-1)
    best, index = values.topk(min(k + 1, width), -1)  # one more, to see a tie at the edge
    tied = (best[:, k - 1] == best[:, -1]) & (best[:, -1] > IMPOSSIBLE) & (k < width)
    best, index = best[:, :k], index[:, :k]
    if tied.any():
        full, order = values[tied].sort(dim=-1, descending=True, stable=True)
        best[tied], index[tied] = full[:, :k], order[:, :k]
    if k > 1:
        index, order = index.sort(-1)
        best, by_value = best.gather(-1, order).sort(dim=-1, descending=True, stable=True)
        index = index.gather(-1, by_value)
    return best, index


def checked(logprobs: Tensor, rows: int) -> Tensor:
    """The step's answer, 32 bits or more. ValueError unless (rows, V) log-probabilities."""
    if logprobs.dim() != 2 or logprobs.size(0) != rows:
        raise ValueError(f"the step returned shape {tuple(logprobs.shape)} for {rows} rows; "
                         f"it must return ({rows}, vocabulary)")
    largest = float(logprobs.max())  # NaN if there is one anywhere
    if math.isnan(largest):
        raise ValueError("the step returned NaN among its log-probabilities; look for an overflow "
                         "or a row with nothing to attend to in the model")
    if largest > 1e-3:
        raise ValueError(f"the step returned a log-probability of {largest:.4g}, above 0; "
                         "it must return log_softmax of its logits")
    return logprobs.float() if logprobs.dtype in (torch.float16, torch.bfloat16) else logprobs
