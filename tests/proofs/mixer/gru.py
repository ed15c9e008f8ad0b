"""GRU, token by token."""

import pytest
import torch
from proving import B, D, drawn, same, shaken, trip

from regard.mixer.gru import Config

CONFIGS = [Config()]


def naive(mixer, x, pass_):
    (w, u), (a, b) = (
        [getattr(m, name).chunk(3) for m in (mixer.input, mixer.recur)]
        for name in ("weight", "bias")
    )  # reset, update, candidate
    rows = []
    for i, row in enumerate(x):
        h, out = torch.zeros(D), []
        for t, y in enumerate(row):
            if pass_.ok is None or pass_.ok[i, t]:
                r = torch.sigmoid(w[0] @ y + a[0] + u[0] @ h + b[0])
                z = torch.sigmoid(w[1] @ y + a[1] + u[1] @ h + b[1])
                n = torch.tanh(w[2] @ y + a[2] + r * (u[2] @ h + b[2]))
                h = z * h + (1 - z) * n
            out.append(h)
        rows.append(torch.stack(out))
    return torch.stack(rows)


def outside_torch():
    gru = pytest.importorskip("torch").nn.GRU(D, D, batch_first=True).double()
    cell, x = shaken(Config().build(D)), drawn(B, 5, D)
    names = {"weight_ih": cell.input.weight, "bias_ih": cell.input.bias}
    names |= {"weight_hh": cell.recur.weight, "bias_hh": cell.recur.bias}
    gru.load_state_dict({f"{name}_l0": p for name, p in names.items()})
    same(cell(x, trip(None, True, B, 5))[0], gru(x)[0])
