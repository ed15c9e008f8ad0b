"""One learned map of who looks where, the same for every text: random at first.

Branch: Attention / Prior only
Paper: Synthesizer (random), Tay et al. 2020, section 3, https://arxiv.org/abs/2005.00743
Formula: softmax of R_ij times v_j, R a learned matrix a head
Cost: time O(T S D), memory O(T S); length^2 parameters a head
Causal: yes
Scores: yes
Limit: R of 0 is the mean of all keys

Rows end at `length`. The paper's fixed R, which is never trained, is left out. A memory is refused:
R is over the row itself.
"""

import torch
from torch import Tensor, nn

from regard.attention._prior import Synthesizer, positive
from regard.attention.base import CoreConfig


class Config(CoreConfig):
    """`length`: the number of positions on either side of the map."""

    length: int = 512

    def core(self, width: int) -> "SynthesizerRandom":
        """The mechanism."""
        positive("synthesizer_random", length=self.length)
        return SynthesizerRandom(self.heads, self.length)


class SynthesizerRandom(Synthesizer):
    """Near the mean at first, no two heads alike."""

    def __init__(self, heads: int, length: int):
        super().__init__(length)
        self.map = nn.Parameter(0.02 * torch.randn(heads, length, length))

    def synthesize(self, q: Tensor, q_pos: Tensor, k_pos: Tensor) -> Tensor:
        """The map at these positions."""
        return self.map[:, q_pos[:, :, None], k_pos[:, None, :]].transpose(0, 1)
