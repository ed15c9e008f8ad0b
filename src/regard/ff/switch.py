"""Switch: each token goes to the one expert that a router thinks likeliest.

Branch: FFN / Larger capacity
Paper: Switch Transformers, Fedus et al. 2021, section 2, https://arxiv.org/abs/2101.03961
Formula: p_i FFN_i(x), where p = softmax(x R) and i = argmax p;
  extra loss balance E sum_i (share of tokens sent to i) (mean p_i)
Cost: time O(T D F), memory O(T F + E D F) for E experts of hidden width F
Causal: yes
Scores: no
Limit: with one expert it is a plain feed-forward

No capacity, in training either: no token is dropped. The router sees no noise.
"""

from regard.ff._experts import Routed, RoutedConfig, best


class Config(RoutedConfig):
    """`experts`: how many; `balance`: weight of the loss that keeps the load even; `dropout` acts
    on their hidden layers.
    """

    def build(self, dim: int) -> Routed:
        """Router and experts."""
        return Routed(dim, self, best)
