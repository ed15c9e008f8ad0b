"""Root mean square normalisation, feature by feature."""

import torch
from proving import B, D, T, drawn, same

from regard.norm.layer import Config as LayerNorm
from regard.norm.rms import Config


def naive(norm, x, ok):
    square = sum(x[..., d] ** 2 for d in range(D)) / D
    return torch.stack(
        [norm.gain[d] * x[..., d] / (square + norm.eps) ** 0.5 for d in range(D)], -1
    )


def limit_with_features_of_zero_mean_it_is_layer_normalisation():
    x = drawn(B, T, D)
    x = x - x.mean(-1, keepdim=True)
    same(Config(eps=1e-5).build(D)(x), LayerNorm(eps=1e-5).build(D)(x))
