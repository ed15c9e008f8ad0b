"""Swish: a number times its own sigmoid."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.relu import Config as ReLU
from regard.ff.swish import Config

CONFIGS = [Config(), Config(width=5)]


def naive(ff, x, pass_):
    z = x @ ff.up.weight.T + ff.up.bias
    return (z / (1 + (-z).exp())) @ ff.down.weight.T + ff.down.bias


def limit_far_from_0_it_is_relu():
    x, ff, relu = drawn(B, T, D), shaken(Config().build(D)), ReLU().build(D)
    with torch.no_grad():
        ff.up.weight *= 1e8
        ff.up.bias *= 1e8
        ff.down.weight *= 1e-8
    relu.load_state_dict(ff.state_dict())
    same(ff(x, trip(None, False)), relu(x, trip(None, False)))
