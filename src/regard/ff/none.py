"""No feed-forward: the attention above and below does without.

Branch: FFN / Dropping
Paper: On the Sub-Layer Functionalities of Transformer Decoder, Yang et al. 2020,
  https://arxiv.org/abs/2010.02648
Formula: 0, so that the stream goes on as it is
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: a block that adds to its stream (pre) is its attention and nothing else

The paper drops it from decoders; all-attention does without it everywhere.
"""

from torch import Tensor

from regard.ff.base import FeedForward
from regard.pass_ import Pass
from regard.recipe import Config as Settings


class Config(Settings):
    """Nothing to set: there is no hidden layer and so no width."""

    def build(self, dim: int) -> "Nothing":
        """No weights."""
        return Nothing()


class Nothing(FeedForward):
    """Adds nothing to the stream."""

    def forward(self, x: Tensor, pass_: Pass) -> Tensor:
        """Zeros, made of x: the norm before it must still get a gradient, which DDP waits for."""
        return 0 * x
