"""GEGLU with the approximate GELU that T5 1.1, mT5 and their kin were trained with.

Branch: FFN / Activation
Paper: GLU Variants Improve Transformer, Shazeer 2020, section 2,
  https://arxiv.org/abs/2002.05202
Formula: (g(x W + a) * (x V + b)) U + c, g(z) = z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) / 2
Cost: time O(T D F), memory O(T F) for a hidden width F
Causal: yes
Scores: no
Limit: gates far from 0 are those of ReGLU
"""

from functools import partial

import torch.nn.functional as F

from regard.ff._gated import Gated, GatedConfig


class Config(GatedConfig):
    """`dropout` acts on the hidden layer."""

    def build(self, dim: int) -> Gated:
        """The three maps."""
        return Gated(dim, self, partial(F.gelu, approximate="tanh"))
