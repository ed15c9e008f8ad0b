"""GLU: gates between 0 and 1."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.glu import Config

CONFIGS = [Config(), Config(width=5)]


def naive(ff, x, pass_):
    z = x @ ff.gate.weight.T + ff.gate.bias
    hidden = x @ ff.up.weight.T + ff.up.bias
    return (1 / (1 + (-z).exp()) * hidden) @ ff.down.weight.T + ff.down.bias


def limit_gates_wide_open_leave_one_linear_map():
    ff, x = shaken(Config().build(D)), drawn(B, T, D)
    with torch.no_grad():
        ff.gate.bias += 100
    weight = ff.down.weight @ ff.up.weight
    bias = ff.down.weight @ ff.up.bias + ff.down.bias
    same(ff(x, trip(None, False)), x @ weight.T + bias)
