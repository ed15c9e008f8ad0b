"""Nothing learned: each head looks at a fixed place beside the token, a Gaussian around it.

Branch: Attention / Prior only
Paper: Hard-coded Gaussian attention, You et al. 2020, https://arxiv.org/abs/2005.00742
Formula: weight of key j for query i is exp(-(j - i - offset)^2 / (2 deviation^2)), made to sum
  to 1 over the keys that i may see, times v_j
Cost: time O(T S D), memory O(T S)
Causal: yes
Scores: no
Limit: a deviation near 0 copies the token at the centre, a very large one is the mean

The paper's encoders have offsets -1 and 1, its decoders -1 and 0. A memory is refused: the paper
hard-codes that as well and loses much by it.
"""

import torch
from torch import Tensor

from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Rule, Scope, masked_softmax
from regard.recipe import UserError


class Config(CoreConfig):
    """Heads take the `offsets` of their centres in turn; `deviation` is the Gaussian's."""

    offsets: tuple[int, ...] = (-1, 1)
    deviation: float = 1.0

    def core(self, width: int) -> "HardGaussian":
        """The mechanism."""
        if not 0 < len(self.offsets) <= self.heads:
            raise UserError(
                f"hard_gaussian: {len(self.offsets)} offsets do not fit {self.heads} heads; give "
                "at most one for each, and at least one"
            )
        if self.deviation <= 0:
            raise UserError(
                f"hard_gaussian: no Gaussian has a deviation of {self.deviation}; give more than 0"
            )
        return HardGaussian(self.heads, self.offsets, self.deviation)


class HardGaussian(Core):
    """Knows positions alone."""

    uses = "vo"
    scores = False
    cross = False
    offsets: Tensor

    def __init__(self, heads: int, offsets: tuple[int, ...], deviation: float):
        super().__init__()
        self.deviation = deviation
        each = torch.tensor([offsets[h % len(offsets)] for h in range(heads)])  # H
        self.register_buffer("offsets", each, persistent=False)

    def honours(self, rule: Rule) -> bool:
        """Any: what a rule hides gets no weight."""
        return True

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T S."""
        near = (scope.k_pos[:, None, :] - scope.q_pos[:, :, None])[:, None]  # B 1 T S
        far = (near - self.offsets[:, None, None]).to(q.dtype) / self.deviation
        return masked_softmax(-0.5 * far.square(), scope)
