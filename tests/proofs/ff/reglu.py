"""ReGLU: gates that are shut or on."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.bilinear import Config as Bilinear
from regard.ff.reglu import Config

CONFIGS = [Config(), Config(width=5)]


def naive(ff, x, pass_):
    z = x @ ff.gate.weight.T + ff.gate.bias
    hidden = x @ ff.up.weight.T + ff.up.bias
    return (torch.where(z > 0, z, 0.0) * hidden) @ ff.down.weight.T + ff.down.bias


def limit_where_every_gate_is_on_it_is_bilinear():
    x, ff, bilinear = drawn(B, T, D), shaken(Config().build(D)), Bilinear().build(D)
    with torch.no_grad():
        ff.gate.bias += 100
    bilinear.load_state_dict(ff.state_dict())
    same(ff(x, trip(None, False)), bilinear(x, trip(None, False)))
