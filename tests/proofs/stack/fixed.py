"""The decoder without attention, step by step."""

import torch
from proving import B, D, S, T, drawn, proof, same, shaken, trip

from regard.mixer.base import Carry
from regard.mixer.gru import Config as GRU
from regard.mixer.lstm import Config as LSTM
from regard.stack.fixed import Config
from regard.state import Encoded

W = 5
CONFIGS = [Config(layers=2, width=W)]


def encoded(layers=2, cell=True):
    """The last states of an encoder of LSTMs (or GRUs), and outputs that nobody reads."""
    pos = torch.arange(S).expand(B, S)
    h, c = ([drawn(B, W, seed=s + i) for i in range(layers)] for s in (30, 40))
    summary = [Carry(a, b if cell else None) for a, b in zip(h, c, strict=True)]
    return Encoded(drawn(B, S, W), None, pos, summary)


def naive_writes(decoder, x, pass_):
    step, states, out = proof("stack", "recurrent").step, [], []
    states = [(k.h, k.c) for k in encoded().summary]
    for t in range(T):
        y = x[:, t]
        for i, cell in enumerate(decoder.cells):
            states[i] = step(cell, y, *states[i])
            y = states[i][0]
        out.append(y @ decoder.out.weight.T + decoder.out.bias)
    return torch.stack(out, 1)


def limit_one_layer_is_the_scan_of_its_cell():
    for cell in (LSTM(), GRU()):
        decoder = shaken(Config(layers=1, width=W, cell=cell).decoder(D, W))
        x, e = drawn(B, T, D), encoded(1, cell == LSTM())
        got, (carry,) = decoder(x, trip(None, True), decoder.start(e, B, None, x)[0])
        want, last = decoder.cells[0].scan(x, e.summary[0])
        same(got, decoder.out(want))
        same(carry.h, last.h)
