"""SwiGLU: a hidden layer behind gates with a Swish.

Branch: FFN / Activation
Paper: GLU Variants Improve Transformer, Shazeer 2020, section 2,
  https://arxiv.org/abs/2002.05202
Formula: (swish(x W + a) * (x V + b)) U + c, where swish(z) = z sigmoid(z)
Cost: time O(T D F), memory O(T F) for a hidden width F
Causal: yes
Scores: no
Limit: gates far from 0 are those of ReGLU
"""

import torch.nn.functional as F

from regard.ff._gated import Gated, GatedConfig


class Config(GatedConfig):
    """`dropout` acts on the hidden layer."""

    def build(self, dim: int) -> Gated:
        """The three maps."""
        return Gated(dim, self, F.silu)
