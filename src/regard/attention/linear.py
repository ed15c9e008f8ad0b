"""Linear attention: sums of keys' features times values stand in for the keys.

Branch: Attention / Linearised
Paper: Transformers are RNNs, Katharopoulos et al. 2020, sections 3.2 to 3.4,
  https://arxiv.org/abs/2006.16236
Formula: phi(q_i) sum_j phi(k_j) v_j^T / (phi(q_i) sum_j phi(k_j)), phi(x) = elu(x) + 1
Cost: time O(T D K), memory O(T D); the state of a row is O(D K), whatever its length
Causal: yes
Scores: no
Limit: token by token, chunk by chunk and all at once (a T T matrix) are the same
"""

import torch.nn.functional as F
from torch import Tensor

from regard.attention._sums import CHUNK, Running
from regard.attention.base import CoreConfig


class Config(CoreConfig):
    """`chunk` positions go at once where it is causal: a matter of speed alone."""

    chunk: int = CHUNK

    def core(self, width: int) -> "Linear":
        """The mechanism."""
        return Linear(self.chunk)


class Linear(Running):
    """As many features as a head is wide."""

    def asks(self, q: Tensor) -> Tensor:
        """Positive ones."""
        return F.elu(q) + 1

    def keys(self, k: Tensor) -> tuple[Tensor, Tensor | None]:
        """The same; nothing fades."""
        return F.elu(k) + 1, None
