"""AdaNorm, feature by feature; its gradient by the chain rule without the gain's part."""

import torch
from proving import B, D, T, drawn, same

from regard.norm.ada import Config
from regard.norm.layer import Config as LayerNorm

CONFIGS = [Config(), Config(scale=2.0, slope=0.3)]


def naive(norm, x, ok):
    mean = sum(x[..., d] for d in range(D)) / D
    var = sum((x[..., d] - mean) ** 2 for d in range(D)) / D
    y = torch.stack([(x[..., d] - mean) / (var + norm.eps) ** 0.5 for d in range(D)], -1)
    constant = torch.tensor([norm.scale * (1 - norm.slope * n) for n in y.flatten().tolist()])
    return constant.view_as(y) * y


def limit_with_a_slope_of_0_it_is_layer_normalisation_with_nothing_learned():
    x = drawn(B, T, D)
    same(Config(slope=0.0).build(D)(x), LayerNorm().build(D)(x))


def limit_the_gain_passes_no_gradient():
    norm, x = Config(slope=0.2).build(D), drawn(1, 1, D)
    y = LayerNorm().build(D)(x)
    w = drawn(1, 1, D, seed=4).detach()
    (got,) = torch.autograd.grad((norm(x) * w).sum(), x)
    (want,) = torch.autograd.grad((y * w * (1 - 0.2 * y.detach())).sum(), x)
    same(got, want)
