"""Layer normalisation, feature by feature."""

import torch
from proving import B, D, T, drawn, same, shaken

from regard.norm.layer import Config


def naive(norm, x, ok):
    mean = sum(x[..., d] for d in range(D)) / D
    var = sum((x[..., d] - mean) ** 2 for d in range(D)) / D
    y = [(x[..., d] - mean) / (var + norm.eps) ** 0.5 for d in range(D)]
    return torch.stack([norm.gain[d] * y[d] + norm.bias[d] for d in range(D)], -1)


def limit_size_and_offset_of_a_vector_go_unnoticed():
    norm, x = shaken(Config(eps=0.0).build(D)), drawn(B, T, D)
    same(norm(7 * x + 3), norm(x))


def outside_torch():
    norm, x = shaken(Config().build(D)), drawn(B, T, D)
    theirs = torch.nn.LayerNorm(D)
    theirs.weight, theirs.bias = norm.gain, norm.bias
    same(norm(x), theirs(x))
