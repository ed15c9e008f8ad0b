"""Expert prototyping: experts in groups, and each token goes to the likeliest of every group.

Branch: FFN / Larger capacity
Paper: M6-T, Yang et al. 2021, https://arxiv.org/abs/2105.15082
Formula: sum over prototypes z of p_zi FFN_zi(x), where p_z = softmax(x R_z) and i = argmax p_z;
  extra loss balance sum_z E sum_i (share of tokens sent to z i) (mean p_zi)
Cost: time O(Z T D F), memory O(Z (T F + E D F)) for Z prototypes of E experts of hidden width F
Causal: yes
Scores: no
Limit: one prototype is Switch; prototypes of one expert each are a sum of plain feed-forwards

No capacity: no token is dropped. The paper finds that an uneven load does little harm: a `balance`
of 0 leaves it alone.
"""

from regard.ff._experts import Routed, RoutedConfig, best


class Config(RoutedConfig):
    """`prototypes`, of so many `experts` each; `balance`: weight of the loss that keeps the load
    even; `dropout` acts on their hidden layers.
    """

    prototypes: int = 2

    def build(self, dim: int) -> Routed:
        """Routers and experts."""
        return Routed(dim, self, best, self.prototypes)
