"""ReLU, written out."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.relu import Config

CONFIGS = [Config(), Config(width=5)]


def naive(ff, x, pass_):
    hidden = x @ ff.up.weight.T + ff.up.bias
    return torch.where(hidden > 0, hidden, 0.0) @ ff.down.weight.T + ff.down.bias


def limit_where_every_hidden_unit_is_on_it_is_one_linear_map():
    ff, x = shaken(Config().build(D)), drawn(B, T, D)
    with torch.no_grad():
        ff.up.bias += 100
    weight = ff.down.weight @ ff.up.weight
    bias = ff.down.weight @ ff.up.bias + ff.down.bias
    same(ff(x, trip(None, False)), x @ weight.T + bias)
