"""Two linear maps with a ReLU between.

Branch: FFN / Activation
Paper: Transformer, Vaswani et al. 2017, section 3.3, https://arxiv.org/abs/1706.03762
Formula: max(0, x W + b) V + c
Cost: time O(T D F), memory O(T F) for a hidden width F
Causal: yes
Scores: no
Limit: where every hidden unit is on, it is one linear map
"""

import torch.nn.functional as F

from regard.ff._plain import Plain, PlainConfig


class Config(PlainConfig):
    """`dropout` acts on the hidden layer."""

    def build(self, dim: int) -> Plain:
        """The two maps."""
        return Plain(dim, self, F.relu)
