"""Transformer in Transformer, chunk by chunk."""

import torch
from proving import B, D, T, drawn, same, shaken, trip
from rows import laid, real

from regard.block.base import Layer
from regard.pass_ import encoding
from regard.stack.tnt import Config

CONFIGS = [Config(layers=2, chunk=4), Config(layers=1, chunk=5)]


def after(stack, i, x):
    pass_ = encoding(None, x[None])
    return stack.blocks[i](stack.position.add(x[None], pass_, i), pass_, Layer())[0][0]


def naive(encoder, x, pass_):
    found = []
    for row, _ in real(x, pass_):
        parts = list(row.split(encoder.chunk)) if len(row) else []
        z = row.new_zeros(len(parts), x.size(-1))
        for i, up in enumerate(encoder.up):
            parts = [after(encoder.inner, i, part) for part in parts]
            if parts:
                flat = [torch.cat([p.flatten(), p.new_zeros(up.in_features - p.numel())])
                        for p in parts]  # fmt: skip
                z = after(encoder.outer, i, z + up(torch.stack(flat)))
        if len(parts) and encoder.outer.norm is not None:
            z = encoder.outer.norm(z)
        found.append(z)
    return laid(found, -(-T // encoder.chunk))


def limit_without_the_maps_the_outer_level_sees_nothing():
    encoder = shaken(Config(layers=2, chunk=4).encoder(D))
    with torch.no_grad():
        for up in encoder.up:
            up.weight.zero_(), up.bias.zero_()
    a, b = (encoder(drawn(B, T, D, seed=seed), trip(None, False)).x for seed in (1, 2))
    same(a, b)
