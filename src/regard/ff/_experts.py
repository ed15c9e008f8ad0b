"""What mixtures of experts share: the bank, a router, and the loss that keeps the load even.

No expert has a capacity, so no token is ever dropped, and rows of a batch never notice each other.

`B` rows, `T` tokens, `N` times an expert is asked, `D` width, `F` hidden width, `G` groups of `E`
experts each, `A` experts that a token asks.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.dropout import Dropout
from regard.ff.base import FeedForward, FeedForwardConfig
from regard.pass_ import Pass
from regard.recipe import Rate, UserError, kind_of

Choice = Callable[[Tensor], tuple[Tensor, Tensor]]  # odds -> how much of whom, along the last


class ExpertsConfig(FeedForwardConfig):
    """`experts`: how many; `dropout` acts on their hidden layers."""

    experts: int = 4
    dropout: Rate = 0.0

    def bank(self, dim: int, groups: int = 1) -> "Experts":
        """The experts. Raises UserError if there are none."""
        if min(self.experts, groups) < 1:
            raise UserError(f"{kind_of(self)}: no experts, no answers; give 1 or more of them")
        return Experts(groups * self.experts, dim, self.width or 4 * dim, self.dropout)


class RoutedConfig(ExpertsConfig):
    """`balance`: weight of the loss that keeps the load even."""

    balance: float = 0.01


class Experts(nn.Module):
    """Feed-forwards with a ReLU, laid together; each is asked for its own tokens alone."""

    def __init__(self, experts: int, dim: int, width: int, dropout: float):
        super().__init__()
        self.up = nn.Parameter(torch.empty(experts, width, dim))
        self.up_bias = nn.Parameter(torch.zeros(experts, width))
        self.down = nn.Parameter(torch.empty(experts, dim, width))
        self.down_bias = nn.Parameter(torch.zeros(experts, dim))
        self.drop = Dropout(dropout)
        for weight in (*self.up, *self.down):  # each starts as a linear map does
            nn.init.xavier_uniform_(weight)

    def forward(self, x: Tensor, share: Tensor, who: Tensor) -> Tensor:
        """x (B T D): the sum of what experts `who` (B T A) say, by their share (B T A)."""
        asked = who.flatten()
        order = asked.argsort(stable=True)  # N: expert by expert
        counts = asked.bincount(minlength=len(self.up)).tolist()
        tokens = x.flatten(0, 1)[order // who.size(-1)].split(counts)
        said = torch.cat([self.one(i, some) for i, some in enumerate(tokens)])
        said = said[order.argsort()].view(*who.shape, x.size(-1))  # B T A D
        return (share[..., None] * said).sum(2)

    def one(self, i: int, x: Tensor) -> Tensor:
        """What expert i says to its tokens x (any number, D)."""
        hidden = self.drop(F.linear(x, self.up[i], self.up_bias[i]).relu())
        return F.linear(hidden, self.down[i], self.down_bias[i])


class Routed(FeedForward):
    """A router gives each token its odds for each expert of a group; `choose` decides by them."""

    counts = True

    def __init__(self, dim: int, config: RoutedConfig, choose: Choice, groups: int = 1):
        super().__init__()
        self.experts = config.bank(dim, groups)
        self.router = nn.Linear(dim, groups * config.experts, bias=False)
        self.choose, self.groups, self.balance = choose, groups, config.balance

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """B T D -> B T D; in training the uneven load goes into the Pass."""
        odds = self.router(x).unflatten(-1, (self.groups, -1)).softmax(-1)  # B T G E
        share, who = self.choose(odds)  # B T G A
        if self.training:
            pass_.aux.append(self.balance * unevenness(odds, who[..., 0], pass_.ok))
        first = torch.arange(self.groups, device=x.device) * odds.size(-1)  # of each group
        return self.experts(x, share.flatten(2), (who + first[:, None]).flatten(2))


def best(odds: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest expert, as much of it as it is likely."""
    share, who = odds.max(-1, keepdim=True)
    return share, who


def unevenness(odds: Tensor, first: Tensor, ok: Tensor | None) -> Tensor:
    """E times the sum over experts of (share of tokens that ask it first) times (mean odds).

    1 a group where the load is even, E where all of odds (B T G E) and first (B T G) are for one
    expert; padding does not count (Switch Transformers, 2.2).
    """
    E = odds.size(-1)
    real = odds.new_ones(odds.shape[:2]) if ok is None else ok.to(odds.dtype)
    real = real[..., None, None] / real.sum().clamp_min(1)  # B T 1 1
    asked = (F.one_hot(first, E) * real).sum((0, 1))  # G E
    return E * (asked * (odds * real).sum((0, 1))).sum()
