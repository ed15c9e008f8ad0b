"""Sines and cosines, number by number."""

import math

import torch
from proving import D, same, trip

from regard.position.sinusoidal import Config

CONFIGS = [Config(), Config(base=100.0)]


def naive_add(position, x, pass_, layer):
    if layer:
        return x
    half = [f.item() for f in position.frequency]
    rows = [
        [[wave(int(t) * f) for wave in (math.sin, math.cos) for f in half] for t in row]
        for row in pass_.pos
    ]
    return x + torch.tensor(rows)


def limit_products_of_two_positions_depend_on_their_distance():
    position, pass_ = Config().build(D, 1), trip(None, False)
    waves = position.add(torch.zeros(3, 13, D), pass_, 0)[0]
    products = waves @ waves.T
    for far in range(13):
        want = sum(math.cos(far * 10000 ** (-2 * n / D)) for n in range(D // 2))
        same(products.diagonal(far), torch.full((13 - far,), want))
