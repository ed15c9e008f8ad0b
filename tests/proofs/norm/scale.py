"""Scaled l2 normalisation, feature by feature."""

import torch
from proving import B, D, T, drawn, same

from regard.norm.rms import Config as RMSNorm
from regard.norm.scale import Config


def naive(norm, x, ok):
    length = sum(x[..., d] ** 2 for d in range(D)) ** 0.5
    return torch.stack([norm.gain * x[..., d] / length for d in range(D)], -1)


def limit_at_its_start_it_is_root_mean_square_normalisation():
    x = drawn(B, T, D)
    same(Config(eps=0.0).build(D)(x), RMSNorm(eps=0.0).build(D)(x))


def limit_a_vector_of_zeros_stays_one_and_has_a_finite_gradient():
    x = torch.zeros(1, 1, D, requires_grad=True)
    y = Config().build(D)(x)
    y.sum().backward()
    same(y, torch.zeros(1, 1, D))
    assert x.grad.isfinite().all()
