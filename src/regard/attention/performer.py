"""Performer: linear attention whose random features estimate the exponential of softmax.

Branch: Attention / Linearised
Paper: Rethinking Attention with Performers, Choromanski et al. 2020, section 2,
  https://arxiv.org/abs/2009.14794
Formula: linear attention with phi(x) = exp(w_r x - |x|^2 / 2) for r = 1 .. features, over queries
  and keys times K^(-1/4); the w_r are Gaussian, at right angles in groups of K
Cost: time O(T features D), memory O(T features); the state of a row is O(features D)
Causal: yes
Scores: no
Limit: the more features, the nearer to softmax attention: the error falls as features^(-1/2)

Features are drawn once and stay: the paper draws them anew while training. Keys are not shifted by
the largest of them, which may come later; for very long keys (|k| of 40 and more) 32 bits are few.
The longer queries and keys are, the more features it takes until the rate holds.
"""

import torch
from torch import Tensor

from regard.attention._sums import CHUNK, Running
from regard.attention.base import CoreConfig
from regard.recipe import UserError

SEED = 2009_14794  # of the features, so that a run has the same everywhere


class Config(CoreConfig):
    """`features` of a head; `chunk` positions go at once where it is causal."""

    features: int = 64
    chunk: int = CHUNK

    def core(self, width: int) -> "Performer":
        """The mechanism."""
        if self.features < 1:
            raise UserError("performer: a head has 1 random feature or more")
        return Performer(width, self.features, self.chunk)


class Performer(Running):
    """FAVOR+: positive, orthogonal random features."""

    directions: Tensor

    def __init__(self, width: int, features: int, chunk: int = CHUNK):
        super().__init__(chunk)
        self.register_buffer("directions", orthogonal(features, width), persistent=False)

    def asks(self, q: Tensor) -> Tensor:
        """A query's may have any scale, since it divides: the largest is 1."""
        q = self.exponents(q)
        return (q - q.detach().amax(-1, keepdim=True)).exp()

    def keys(self, k: Tensor) -> tuple[Tensor, Tensor | None]:
        """Nothing fades."""
        return self.exponents(k).exp(), None

    def exponents(self, x: Tensor) -> Tensor:
        """B H T F."""
        x = x * x.size(-1) ** -0.25
        return x @ self.directions.T - x.square().sum(-1, keepdim=True) / 2


def orthogonal(features: int, width: int, seed: int = SEED) -> Tensor:
    """Gaussian vectors (features width); each group of `width` stands at right angles."""
    draw = torch.Generator().manual_seed(seed)
    groups = -(-features // width)
    turn, upper = torch.linalg.qr(torch.randn(groups, width, width, generator=draw))
    turn = turn * upper.diagonal(dim1=-2, dim2=-1).sign()[:, None]  # else QR prefers directions
    lengths = torch.randn(features, width, generator=draw).norm(dim=1, keepdim=True)
    return turn.flatten(0, 1)[:features] * lengths
