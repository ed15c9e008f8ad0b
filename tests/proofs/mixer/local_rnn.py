"""Local RNN: the cell run by hand over each token's window."""

import torch
from proving import B, D, T, drawn, proof, same, shaken, trip

from regard.mixer.local_rnn import Config

CELLS = ("gru", "lstm", "ssru")
CONFIGS = [Config(unit=unit, kernel=kernel) for unit in CELLS for kernel in (1, 3, 5)]


def naive(mixer, x, pass_):
    run = proof("mixer", type(mixer.cell).__name__.lower()).naive
    rows = []
    for i, row in enumerate(x):
        real = torch.ones(T, dtype=torch.bool) if pass_.ok is None else pass_.ok[i]
        line = torch.cat([torch.zeros(mixer.kernel - 1, D), row[real]])
        out = [torch.zeros(0, D)]
        for t in range(int(real.sum())):
            window = line[None, t : t + mixer.kernel]
            out.append(run(mixer.cell, window, trip(None, True, 1, mixer.kernel))[0, -1:])
        y = torch.cat(out)
        rows.append(torch.zeros(T, D).masked_scatter(real[:, None].expand(T, D), y))
    return torch.stack(rows)


def limit_a_kernel_of_one_is_a_cell_by_position():
    for unit in CELLS:
        mixer, x = shaken(Config(unit=unit, kernel=1).build(D)), drawn(B, T, D)
        alone, _ = mixer.cell(x.view(B * T, 1, D), trip(None, True, B * T, 1))
        same(mixer(x, trip(None, True))[0], alone.view(B, T, D))
