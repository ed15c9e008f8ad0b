"""RNNsearch's decoder, step by step."""

import torch
from proving import B, D, S, T, drawn, proof, same, shaken, trip

from regard.mixer.base import Carry
from regard.mixer.gru import Config as GRU
from regard.mixer.lstm import Config as LSTM
from regard.stack.bahdanau import Config
from regard.state import Encoded

M, W = 6, 5
OK = torch.arange(S) < torch.tensor([7, 3, 5])[:, None]
CONFIGS = [Config(cell=GRU(), width=W), Config(cell=LSTM(), width=W)]


def encoded(length=S):
    """A memory, as a recurrent encoder leaves one."""
    pos = torch.arange(length).expand(B, length)
    x, h = drawn(B, length, M, seed=21), drawn(B, M, seed=22)
    return Encoded(x, OK[:, :length], pos, [Carry(h)])


def naive_writes(decoder, x, pass_):
    e, step = encoded(), proof("stack", "recurrent").step
    a, core = decoder.attention, decoder.attention.core
    s = torch.tanh(e.summary[-1].h @ decoder.first.weight.T + decoder.first.bias)
    carry, keys, out = torch.zeros_like(s), e.x @ a.k.weight.T + a.k.bias, []
    for t in range(T):
        query = s @ a.q.weight.T + a.q.bias
        scores = torch.tanh(query[:, None] + keys) @ core.v  # B S
        e_scores = scores.exp() * OK
        context = ((e_scores / e_scores.sum(-1, keepdim=True))[..., None] * e.x).sum(1)
        s, carry = step(decoder.cell, torch.cat([x[:, t], context], -1), s, carry)
        deep = torch.cat([s, x[:, t], context], -1) @ decoder.deep.weight.T + decoder.deep.bias
        out.append(torch.maximum(deep[:, 0::2], deep[:, 1::2]))
    return torch.stack(out, 1)


def limit_over_one_token_attention_decides_nothing():
    decoder, x = shaken(CONFIGS[0].decoder(D, M)), drawn(B, T, D)
    answers = []
    for _ in range(2):
        pass_ = trip(None, True)
        layers, pass_.memory = decoder.start(encoded(1), B, None, x)
        answers.append(decoder(x, pass_, layers)[0])
        for p in decoder.attention.parameters():
            p.data.mul_(3).add_(1)
    same(*answers)
