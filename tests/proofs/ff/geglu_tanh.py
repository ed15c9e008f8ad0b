"""GEGLU by a tanh, gate by gate."""

import math

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.ff.geglu_tanh import Config
from regard.ff.reglu import Config as ReGLU

CONFIGS = [Config(), Config(width=5)]


def naive(ff, x, pass_):
    z = x @ ff.gate.weight.T + ff.gate.bias
    g = z * (1 + torch.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2
    return (g * (x @ ff.up.weight.T + ff.up.bias)) @ ff.down.weight.T + ff.down.bias


def limit_gates_far_from_0_are_those_of_reglu():
    x, ff, reglu = drawn(B, T, D), shaken(Config().build(D)), ReGLU().build(D)
    with torch.no_grad():
        for p in ff.gate.parameters():
            p *= 1e6
        ff.down.weight *= 1e-6
    reglu.load_state_dict(ff.state_dict())
    same(ff(x, trip(None, False)), reglu(x, trip(None, False)))
