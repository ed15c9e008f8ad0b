"""Bilinear: two linear maps multiplied, and no activation.

Branch: FFN / Activation
Paper: GLU Variants Improve Transformer, Shazeer 2020, section 2,
  https://arxiv.org/abs/2002.05202
Formula: ((x W + a) * (x V + b)) U + c
Cost: time O(T D F), memory O(T F) for a hidden width F
Causal: yes
Scores: no
Limit: without biases, twice the input is four times the output
"""

from torch import Tensor

from regard.ff._gated import Gated, GatedConfig


class Config(GatedConfig):
    """`dropout` acts on the hidden layer."""

    def build(self, dim: int) -> Gated:
        """The three maps."""
        return Gated(dim, self, unchanged)


def unchanged(x: Tensor) -> Tensor:
    """No activation."""
    return x
