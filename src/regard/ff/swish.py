"""Two linear maps with a Swish (SiLU) between.

Branch: FFN / Activation
Paper: Swish, Ramachandran et al. 2017, https://arxiv.org/abs/1710.05941
Formula: g(x W + b) V + c, where g(z) = z sigmoid(z)
Cost: time O(T D F), memory O(T F) for a hidden width F
Causal: yes
Scores: no
Limit: far from 0 it is ReLU
"""

import torch.nn.functional as F

from regard.ff._plain import Plain, PlainConfig


class Config(PlainConfig):
    """`dropout` acts on the hidden layer."""

    def build(self, dim: int) -> Plain:
        """The two maps."""
        return Plain(dim, self, F.silu)
