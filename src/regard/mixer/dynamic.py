"""Dynamic convolution: each token says itself how it averages its neighbours.

Branch: Beside the survey / Convolution
Paper: Pay Less Attention with Lightweight and Dynamic Convolutions, Wu et al. 2019, section 4,
  https://arxiv.org/abs/1901.10430
Formula: y_i = U sum_w softmax(Q_h g_i)_w g_(i + w - before), where g = GLU(V x) and h is the group
  of a channel
Cost: time O(T D (D + heads kernel)), memory O(T (D + heads kernel))
Causal: yes
Scores: no
Limit: Q = 0 weighs the whole window alike; a kernel of 1 is U GLU(V x), position by position

Causal in a decoder, centred in an encoder; the paper lets the kernel grow from layer to layer where
here all layers of a stack have the same.
"""

from torch import Tensor, nn

from regard.mixer._near import Convolution, ConvolutionConfig, fits


class Config(ConvolutionConfig):
    """Nothing more to set."""

    def mixer(self, dim: int) -> "Dynamic":
        """The convolution."""
        fits(self, dim, self.kernel, self.heads)
        return Dynamic(dim, self.kernel, self.heads, self.dropout)


class Dynamic(Convolution):
    """The weights are a linear map of the token alone, not of those they weigh."""

    def __init__(self, width: int, kernel: int, heads: int, dropout: float):
        super().__init__(width, kernel, heads, dropout)
        self.query = nn.Linear(width, heads * kernel, bias=False)

    def taps(self, x: Tensor) -> Tensor:
        """B T H W."""
        return self.query(x).unflatten(-1, (self.heads, self.kernel))
