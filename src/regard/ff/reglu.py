"""ReGLU: a hidden layer behind gates with a ReLU.

Branch: FFN / Activation
Paper: GLU Variants Improve Transformer, Shazeer 2020, section 2,
  https://arxiv.org/abs/2002.05202
Formula: (max(0, x W + a) * (x V + b)) U + c
Cost: time O(T D F), memory O(T F) for a hidden width F
Causal: yes
Scores: no
Limit: where every gate is on, it is bilinear
"""

import torch.nn.functional as F

from regard.ff._gated import Gated, GatedConfig


class Config(GatedConfig):
    """`dropout` acts on the hidden layer."""

    def build(self, dim: int) -> Gated:
        """The three maps."""
        return Gated(dim, self, F.relu)
