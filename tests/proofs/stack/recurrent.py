"""Layers of cells, row by row and step by step over what is real."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.mixer.gru import Config as GRU
from regard.mixer.lstm import Config as LSTM
from regard.stack.recurrent import Config

CONFIGS = [
    Config(layers=layers, cell=cell, width=5, direction=direction)
    for cell in (GRU(), LSTM())
    for direction, layers in (("both", 2), ("forward", 1), ("backward", 2))
]


def step(cell, x, h, c):
    """One step of x (... D): the new h and c."""
    W = cell.width
    a = x @ cell.input.weight.T + cell.input.bias
    u = h @ cell.recur.weight.T
    if cell.memory:
        i, f, g, o = ((a + u)[..., n * W : (n + 1) * W] for n in range(4))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
    u = u + cell.recur.bias
    r, z = (torch.sigmoid((a + u)[..., n * W : (n + 1) * W]) for n in range(2))
    new = torch.tanh(a[..., 2 * W :] + r * u[..., 2 * W :])
    return (1 - z) * new + z * h, c


def naive(encoder, x, pass_):
    ok = torch.ones(B, T, dtype=torch.bool) if pass_.ok is None else pass_.ok
    for cells in encoder.cells:
        rows = []
        for b in range(B):
            pairs = zip(cells, encoder.ways, strict=True)
            ways = [one_way(cell, x[b], ok[b], way) for cell, way in pairs]
            rows.append(torch.cat(ways, -1))
        x = torch.stack(rows)
    return x


def one_way(cell, x, ok, backwards):
    """x (T D) of one row; zeros at padding."""
    h = c = x.new_zeros(cell.width)
    out = [h] * T
    for t in reversed(range(T)) if backwards else range(T):
        if ok[t]:
            h, c = step(cell, x[t], h, c)
            out[t] = h
    return torch.stack(out)


def limit_backwards_is_forwards_over_the_turned_row():
    for cell in (GRU(), LSTM()):
        one, two = (
            shaken(Config(cell=cell, direction=way).encoder(D)) for way in ("forward", "backward")
        )
        two.load_state_dict(one.state_dict())
        x = drawn(B, T, D)
        a, b = one(x, trip(None, False)), two(x.flip(1), trip(None, False))
        same(b.x.flip(1), a.x)
        same(b.summary[0].h, a.summary[0].h)
