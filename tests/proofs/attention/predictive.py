"""Evolving attention, one score at a time: a list of the real tokens, and loops over neighbours."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.predictive import Config

CONFIGS = [
    Config(heads=H, convolved=0.4),
    Config(heads=H, below=0.3, convolved=0.7, kernel=5),
]


def prepare(pass_):
    """What a layer below would have left."""
    pass_.scores = drawn(B, H, T, T, seed=21)


def naive(core, q, k, v, scope):
    scores = q @ k.transpose(-1, -2) / q.size(-1) ** 0.5
    if scope.trip.scores is not None:
        scores = core.below * scope.trip.scores + (1 - core.below) * scores
    see, rows = seen(scope), []
    for b in range(len(q)):
        real = see[b, 0, 0].nonzero()[:, 0].tolist()
        picture = scores[b][:, real][:, :, real]  # H n n
        carried = torch.zeros_like(scores[b])
        for i, at in enumerate(real):
            for j, to in enumerate(real):
                near = core.conv.bias + sum(
                    core.conv.weight[:, :, a, c] @ picture[:, y, x]
                    for a, y in enumerate(around(i, core.conv.weight.size(-1)))
                    for c, x in enumerate(around(j, core.conv.weight.size(-1)))
                    if 0 <= y < len(real) and 0 <= x < len(real)
                )
                carried[:, at, to] = near.clamp_min(0)
        rows.append(core.convolved * carried + (1 - core.convolved) * scores[b])
    return plain_softmax(torch.stack(rows), see) @ v


def around(i, size):
    """The places that a kernel of this size sees from i."""
    return range(i - size // 2, i + size // 2 + 1)


def limit_the_first_layer_without_its_convolution_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, False)
    got = Config(heads=H, convolved=0).core(K).double().attend(q, k, v, scope)
    same(got, dense(q, k, v, scope))


def limit_scores_reach_the_next_layer():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, below=0.25, convolved=0).core(K).double()
    scope, pass_ = own_scope(None, False)
    core.attend(q, k, v, scope)
    mixed = 0.25 * q @ k.transpose(-1, -2) + 0.75 * k @ q.transpose(-1, -2)
    same(core.attend(k, q, v, scope), plain_softmax(mixed / K**0.5, seen(scope)) @ v)
    same(pass_.scores, mixed / K**0.5)
