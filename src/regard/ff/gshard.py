"""GShard: each token goes to the two experts that a router thinks likeliest.

Branch: FFN / Larger capacity
Paper: GShard, Lepikhin et al. 2020, section 2.2, https://arxiv.org/abs/2006.16668
Formula: (p_i FFN_i(x) + p_j FFN_j(x)) / (p_i + p_j), where p = softmax(x R) and i, j its two best;
  extra loss balance E sum_i (share of tokens sent to i first) (mean p_i)
Cost: time O(T D F), memory O(T F + E D F) for E experts of hidden width F
Causal: yes
Scores: no
Limit: with one expert, or experts all alike, it is a plain feed-forward

No capacity, and the second expert always answers: no token is dropped, nothing is random. The
paper's loss is this one over E squared, which only its weight makes up for.
"""

from torch import Tensor

from regard.ff._experts import Routed, RoutedConfig


class Config(RoutedConfig):
    """`experts`: how many; `balance`: weight of the loss that keeps the load even; `dropout` acts
    on their hidden layers.
    """

    def build(self, dim: int) -> Routed:
        """Router and experts."""
        return Routed(dim, self, best_two)


def best_two(odds: Tensor) -> tuple[Tensor, Tensor]:
    """The two likeliest experts (or the only one), their shares adding up to 1."""
    share, who = odds.topk(min(2, odds.size(-1)))
    return share / share.sum(-1, keepdim=True), who
