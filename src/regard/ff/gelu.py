"""Two linear maps with a GELU between.

Branch: FFN / Activation
Paper: GELU, Hendrycks & Gimpel 2016, section 2, https://arxiv.org/abs/1606.08415
Formula: g(x W + b) V + c, where g(z) = z P(Z <= z) for a standard normal Z
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
        return Plain(dim, self, F.gelu)
