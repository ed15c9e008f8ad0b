"""Luong's decoder, step by step, with general attention."""

import torch
from proving import B, D, S, T, drawn, proof, same, shaken, trip

from regard.mixer.base import Carry
from regard.mixer.gru import Config as GRU
from regard.mixer.lstm import Config as LSTM
from regard.stack.fixed import Config as Fixed
from regard.stack.luong import Config
from regard.state import Encoded

M, W = 6, 5
OK = torch.arange(S) < torch.tensor([7, 3, 5])[:, None]
CONFIGS = [Config(layers=2, width=W), Config(layers=2, width=W, feed=False)]


def encoded(seed=21, cell=True):
    """A memory and the last states of two layers of LSTMs (or GRUs)."""
    pos = torch.arange(S).expand(B, S)
    h, c = ([drawn(B, W, seed=s + i) for i in range(2)] for s in (30, 40))
    summary = [Carry(a, b if cell else None) for a, b in zip(h, c, strict=True)]
    return Encoded(drawn(B, S, M, seed=seed), OK, pos, summary)


def naive_writes(decoder, x, pass_):
    e, step = encoded(), proof("stack", "recurrent").step
    states = [(k.h, k.c) for k in e.summary]
    key, both, fed, out = decoder.attention.k, decoder.both, x.new_zeros(B, D), []
    keys = e.x @ key.weight.T + key.bias
    for t in range(T):
        y = torch.cat([x[:, t], fed], -1) if decoder.feed else x[:, t]
        for i, cell in enumerate(decoder.cells):
            states[i] = step(cell, y, *states[i])
            y = states[i][0]
        scores = (y[:, None] * keys).sum(-1)
        weights = (scores.exp() * OK) / (scores.exp() * OK).sum(-1, keepdim=True)
        context = (weights[..., None] * e.x).sum(1)
        fed = torch.tanh(torch.cat([context, y], -1) @ both.weight.T + both.bias)
        out.append(fed)
    return torch.stack(out, 1)


def limit_unfed_its_cells_are_those_of_fixed():
    """Whatever is attended to changes no state."""
    for cell in (LSTM(), GRU()):
        luong = shaken(Config(layers=2, width=W, cell=cell, feed=False).decoder(D, M))
        fixed = shaken(Fixed(layers=2, width=W, cell=cell).decoder(D, W))
        fixed.cells.load_state_dict(luong.cells.state_dict())
        x, e = drawn(B, T, D), encoded(cell=cell == LSTM())
        pass_ = trip(None, True)
        layers, pass_.memory = luong.start(e, B, None, x)
        *got, _ = luong(x, pass_, layers)[1]
        want = fixed(x, trip(None, True), fixed.start(e, B, None, x)[0])[1]
        for a, b in zip(got, want, strict=True):
            same(a.h, b.h)
