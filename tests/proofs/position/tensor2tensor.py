"""Sines and cosines, number by number, the slowest wave at 1/base."""

import math

import torch
from proving import D, drawn, same, trip

from regard.position.sinusoidal import Config as Sinusoidal
from regard.position.tensor2tensor import Config

CONFIGS = [Config(), Config(base=100.0, first=0)]


def naive_add(position, x, pass_, layer):
    if layer:
        return x
    base = 1 / position.frequency[-1].item()
    half = [base ** (-n / (D // 2 - 1)) for n in range(D // 2)]
    rows = [
        [[wave((int(t) + position.first) * f) for wave in (math.sin, math.cos) for f in half]
         for t in row]
        for row in pass_.pos
    ]  # fmt: skip
    return x + torch.tensor(rows)


def limit_counted_from_0_it_is_sinusoidal_with_another_base():
    x, pass_ = drawn(3, 13, D), trip(None, False)
    own, other = Config(first=0).build(D, 1), Sinusoidal(base=10000.0 ** (D / (D - 2))).build(D, 1)
    same(own.add(x, pass_, 0), other.add(x, pass_, 0))
