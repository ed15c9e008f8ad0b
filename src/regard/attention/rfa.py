"""Random feature attention: sines and cosines estimate a Gaussian kernel; a gate lets go.

Branch: Attention / Linearised
Paper: Random Feature Attention, Peng et al. 2021, section 3, https://arxiv.org/abs/2103.02143
Formula: S_t = g_t S_(t-1) + (1 - g_t) phi(k_t) v_t^T, z_t likewise without v,
  y_t = phi(q_t) S_t / (phi(q_t) z_t), phi(x) = [sin w_r u, cos w_r u] / sqrt(features) for
  r = 1 .. features, u = sigma x / |x|
Cost: time O(T features D), memory O(T features); the state of a row is O(features D)
Causal: yes
Scores: no
Limit: without a gate, the more features, the nearer to softmax over q k^T / (|q| |k|): the error
  falls as features^(-1/2); token by token is the same as chunk by chunk

The gate g_t = sigmoid(a k_t + b) reads the head's key, where the paper reads the layer's input.
Where all keys are seen at once there is no past to let go, and 1 - g_t alone weighs a key. Features
are drawn once and stay; since they may err below zero, a weight found below 0.01 counts as 0.01.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regard.attention._sums import CHUNK, Running
from regard.attention.base import CoreConfig
from regard.recipe import UserError

SEED = 2103_02143  # of the features, so that a run has the same everywhere
KEEPS = 2.0  # of a gate at first: seven parts in eight stay


class Config(CoreConfig):
    """`features`: waves of a head; `chunk` positions go at once where it is causal."""

    features: int = 64
    chunk: int = CHUNK

    def core(self, width: int) -> "RFA":
        """The mechanism."""
        if self.features < 1:
            raise UserError("rfa: a head has 1 random feature or more")
        return RFA(self.heads, width, self.features, self.chunk)


class RFA(Running):
    """Each head learns the width of its kernel (sigma) and its gate."""

    floor = 0.01
    directions: Tensor

    def __init__(self, heads: int, width: int, features: int, chunk: int = CHUNK):
        super().__init__(chunk)
        draw = torch.Generator().manual_seed(SEED)
        directions = torch.randn(features, width, generator=draw)
        self.register_buffer("directions", directions, persistent=False)
        self.sigma = nn.Parameter(torch.ones(heads, 1, width))
        self.gate = nn.Parameter(torch.zeros(heads, width, 1))
        self.bias = nn.Parameter(torch.full((heads, 1), KEEPS))

    def asks(self, q: Tensor) -> Tensor:
        """B H T 2F."""
        return self.waves(q)

    def keys(self, k: Tensor) -> tuple[Tensor, Tensor | None]:
        """B H T 2F, times what the gate takes of the key."""
        gate = (k @ self.gate)[..., 0] + self.bias  # B H T
        return self.waves(k) * (-gate).sigmoid()[..., None], F.logsigmoid(gate)

    def waves(self, x: Tensor) -> Tensor:
        """Of the direction of x alone, so that the kernel is that of its exponential."""
        x = F.normalize(x, dim=-1, eps=1e-6) * self.sigma @ self.directions.T
        return torch.cat([x.sin(), x.cos()], -1) * len(self.directions) ** -0.5
