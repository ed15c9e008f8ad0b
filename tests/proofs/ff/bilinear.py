"""Two linear maps, multiplied."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.bilinear import Config

CONFIGS = [Config(), Config(width=5)]


def naive(ff, x, pass_):
    z = x @ ff.gate.weight.T + ff.gate.bias
    hidden = x @ ff.up.weight.T + ff.up.bias
    return (z * hidden) @ ff.down.weight.T + ff.down.bias


def limit_without_biases_twice_the_input_is_four_times_the_output():
    ff, x = shaken(Config().build(D)), drawn(B, T, D)
    with torch.no_grad():
        for linear in (ff.gate, ff.up, ff.down):
            linear.bias.zero_()
    same(ff(2 * x, trip(None, False)), 4 * ff(x, trip(None, False)))
