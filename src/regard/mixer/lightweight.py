"""Lightweight convolution: each token is a fixed, learned average of its neighbours.

Branch: Beside the survey / Convolution
Paper: Pay Less Attention with Lightweight and Dynamic Convolutions, Wu et al. 2019, section 3,
  https://arxiv.org/abs/1901.10430
Formula: y_i = U sum_w softmax(W_h)_w g_(i + w - before), where g = GLU(V x) and h is the group of a
  channel
Cost: time O(T D (D + kernel)), memory O(T D)
Causal: yes
Scores: no
Limit: a kernel of 1 is U GLU(V x), position by position

Causal in a decoder, centred in an encoder; the paper lets the kernel grow from layer to layer where
here all layers of a stack have the same.
"""

import torch
from torch import Tensor, nn

from regard.mixer._near import Convolution, ConvolutionConfig, fits


class Config(ConvolutionConfig):
    """Nothing more to set."""

    def mixer(self, dim: int) -> "Lightweight":
        """The convolution."""
        fits(self, dim, self.kernel, self.heads)
        return Lightweight(dim, self.kernel, self.heads, self.dropout)


class Lightweight(Convolution):
    """The weights are parameters, as many as kernel times heads."""

    def __init__(self, width: int, kernel: int, heads: int, dropout: float):
        super().__init__(width, kernel, heads, dropout)
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, kernel)))

    def taps(self, x: Tensor) -> Tensor:
        """The same for all: H W."""
        return self.weight
