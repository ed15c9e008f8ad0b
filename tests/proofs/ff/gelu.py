"""GELU: a number times the chance that a standard normal one is smaller."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.gelu import Config
from regard.ff.relu import Config as ReLU

CONFIGS = [Config(), Config(width=5)]


def naive(ff, x, pass_):
    z = x @ ff.up.weight.T + ff.up.bias
    smaller = torch.distributions.Normal(0.0, 1.0).cdf(z)
    return (z * smaller) @ ff.down.weight.T + ff.down.bias


def limit_far_from_0_it_is_relu():
    x, ff, relu = drawn(B, T, D), shaken(Config().build(D)), ReLU().build(D)
    with torch.no_grad():
        ff.up.weight *= 1e6
        ff.up.bias *= 1e6
        ff.down.weight *= 1e-6
    relu.load_state_dict(ff.state_dict())
    same(ff(x, trip(None, False)), relu(x, trip(None, False)))
