"""Long-short range attention: each half by its own formula."""

import torch
from proving import B, D, H, T, dense, drawn, same, shaken, trip

from regard.attention.scope import scope_of
from regard.attention.softmax import Config as Softmax
from regard.mixer.lightweight import Config as Lightweight
from regard.mixer.lite import Config

NEAR = Lightweight(heads=1, kernel=3)
CONFIGS = [Config(attention=Softmax(heads=H), near="gru", share=share) for share in (0.25, 0.5)]
CONFIGS += [Config(attention=Softmax(heads=H), share=1.0)]


def naive(mixer, x, pass_):
    attention, *rest = mixer.ways
    A = attention.q.in_features
    q, k, v = (
        (x[..., :A] @ p.weight.T + p.bias).view(B, T, H, A // H).transpose(1, 2)
        for p in (attention.q, attention.k, attention.v)
    )
    y = dense(q, k, v, scope_of(pass_)).transpose(1, 2).reshape(B, T, A)
    y = y @ attention.out.weight.T + attention.out.bias
    if not rest:
        return y
    return torch.cat([y, gru(rest[0], x[..., A:], pass_)], -1)


def gru(cell, x, pass_):
    """The neighbours' half, here a recurrence: any mixer may fill it."""
    w, u = cell.input, cell.recur
    out, h = [], torch.zeros(B, cell.width)
    for t in range(T):
        a, b = x[:, t] @ w.weight.T + w.bias, h @ u.weight.T + u.bias
        (r, z, n), (s, y, m) = a.chunk(3, -1), b.chunk(3, -1)
        z = torch.sigmoid(z + y)
        new = z * h + (1 - z) * torch.tanh(n + torch.sigmoid(r + s) * m)
        h = new if pass_.ok is None else torch.where(pass_.ok[:, t, None], new, h)
        out.append(h)
    return torch.stack(out, 1)


def limit_all_channels_to_attention_is_attention():
    x, settings = drawn(B, T, D), Softmax(heads=H)
    lite = shaken(Config(attention=settings, near=NEAR, share=1.0).build(D))
    plain = settings.build(D)
    plain.load_state_dict(lite.ways[0].state_dict())
    for causal in (False, True):
        same(lite(x, trip(None, causal))[0], plain(x, trip(None, causal))[0])
