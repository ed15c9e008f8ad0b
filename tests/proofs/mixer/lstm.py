"""LSTM, token by token."""

import pytest
import torch
from proving import B, D, drawn, same, shaken, trip

from regard.mixer.lstm import Config

CONFIGS = [Config()]


def naive(mixer, x, pass_):
    w, u, b = (p.chunk(4) for p in (mixer.input.weight, mixer.recur.weight, mixer.input.bias))
    rows = []
    for i, row in enumerate(x):
        h, c, out = torch.zeros(D), torch.zeros(D), []
        for t, y in enumerate(row):
            if pass_.ok is None or pass_.ok[i, t]:
                write, keep, new, show = (w[g] @ y + u[g] @ h + b[g] for g in range(4))
                c = torch.sigmoid(keep) * c + torch.sigmoid(write) * torch.tanh(new)
                h = torch.sigmoid(show) * torch.tanh(c)
            out.append(h)
        rows.append(torch.stack(out))
    return torch.stack(rows)


def outside_torch():
    lstm = pytest.importorskip("torch").nn.LSTM(D, D, batch_first=True).double()
    cell, x = shaken(Config().build(D)), drawn(B, 5, D)
    bias = cell.input.bias
    names = {"weight_ih": cell.input.weight, "weight_hh": cell.recur.weight}
    names |= {"bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
    lstm.load_state_dict({f"{name}_l0": p for name, p in names.items()})
    same(cell(x, trip(None, True, B, 5))[0], lstm(x)[0])
