"""Two linear maps with a GELU between, in the approximation that needs only a tanh.

Branch: FFN / Activation
Paper: GELU, Hendrycks & Gimpel 2016, section 2, https://arxiv.org/abs/1606.08415
Formula: g(x W + b) V + c, where g(z) = z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2
Cost: time O(T D F), memory O(T F) for a hidden width F
Causal: yes
Scores: no
Limit: far from 0 it is ReLU
"""

from functools import partial

import torch.nn.functional as F

from regard.ff._plain import Plain, PlainConfig


class Config(PlainConfig):
    """`dropout` acts on the hidden layer."""

    def build(self, dim: int) -> Plain:
        """The two maps."""
        return Plain(dim, self, partial(F.gelu, approximate="tanh"))
