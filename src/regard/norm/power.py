"""PowerNorm: features are divided by their root mean square over past batches, not over the row.

Branch: LayerNorm / Substitutes
Paper: PowerNorm, Shen et al. 2020, section 4, https://arxiv.org/abs/2003.07845
Formula: y = g z + b, z = x / psi; psi^2 = m psi^2 + (1 - m) mean of x^2 after each batch; backwards
  dx = (dz - nu z) / psi, nu = nu - (1 - m) (nu mean of z^2 - mean of dz z)
Cost: time O(T D), memory O(T D)
Causal: yes
Scores: no
Limit: on one batch again and again it is that batch's quadratic mean, and its exact gradient

Means are over the real positions of a batch. Running figures divide in training too, so no row
depends on another in its batch. The paper's code divides by the batch's own figures at first; this
one does not, nor does it rescale each row before.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from regard.norm.base import Norm, NormConfig
from regard.recipe import Rate


class Config(NormConfig):
    """`momentum` is the share of the past in the running figures; `eps` keeps them off zero."""

    momentum: Rate = 0.9
    eps: float = 1e-5

    def build(self, dim: int) -> "PowerNorm":
        """With gain and bias."""
        return PowerNorm(dim, self.momentum, self.eps)


class PowerNorm(Norm):
    """`square` is psi^2 and `pull` nu: both a feature, kept with the weights."""

    counts = True
    square: Tensor
    pull: Tensor

    def __init__(self, dim: int, momentum: float, eps: float):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.gain, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))
        self.register_buffer("square", torch.ones(dim))
        self.register_buffer("pull", torch.zeros(dim))

    def forward(self, x: Tensor, ok: Tensor | None = None) -> Tensor:
        """By the figures as they were before this batch, which training then brings up to date."""
        over = (self.square + self.eps).rsqrt()  # D
        if not self.training:
            return self.gain * (x * over) + self.bias
        real = torch.ones_like(x[..., :1]) if ok is None else ok[..., None].to(x.dtype)  # B T 1
        z: Tensor = Divide.apply(x, over, real, self.pull, self.momentum)
        with torch.no_grad():
            self.square.lerp_(mean(x * x, real).to(self.square.dtype), 1 - self.momentum)
        return self.gain * z + self.bias


class Divide(Function):
    """z = x / psi with the paper's gradient: what a running figure cannot tell, nu remembers."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, over: Tensor, real: Tensor, pull: Tensor, momentum: float):
        z = x * over
        ctx.save_for_backward(z, over, real)
        ctx.pull, ctx.momentum = pull, momentum
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dz: Tensor):
        z, over, real = ctx.saved_tensors
        pull: Tensor = ctx.pull
        dx = (dz - pull * z) * over * real  # padding teaches nothing
        drift = pull * mean(z * z, real) - mean(dz * z, real)
        pull.sub_((1 - ctx.momentum) * drift)
        return dx.to(z.dtype), None, None, None, None


def mean(x: Tensor, real: Tensor) -> Tensor:
    """D: of x (B T D) over real positions."""
    return (x * real).flatten(0, -2).sum(0) / real.sum().clamp_min(1)
