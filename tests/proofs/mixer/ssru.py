"""SSRU, token by token."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.mixer.ssru import Config

CONFIGS = [Config()]


def naive(mixer, x, pass_):
    (w, v), (a, b) = mixer.input.weight.chunk(2), mixer.input.bias.chunk(2)
    rows = []
    for i, row in enumerate(x):
        c, out = torch.zeros(D), []
        for t, y in enumerate(row):
            if pass_.ok is None or pass_.ok[i, t]:
                f = torch.sigmoid(v @ y + b)
                c = f * c + (1 - f) * (w @ y + a)
            out.append(c.clamp_min(0))
        rows.append(torch.stack(out))
    return torch.stack(rows)


def limit_a_shut_forget_gate_is_a_layer_by_position():
    cell, x = shaken(Config().build(D)), drawn(B, T, D)
    with torch.no_grad():
        cell.input.bias[D:] = -1e4
    want = (x @ cell.input.weight[:D].T + cell.input.bias[:D]).clamp_min(0)
    same(cell(x, trip(None, True))[0], want)
