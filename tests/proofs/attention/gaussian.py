"""Gaussian attention, distance by distance."""

import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen

from regard.attention.gaussian import Config

CONFIGS = [Config(heads=H)]


def naive(core, q, k, v, scope):
    w, b = core.w.exp().add(1).log(), -core.b.exp().add(1).log()  # H 1 1
    scores = q @ k.transpose(-1, -2) / q.size(-1) ** 0.5
    out = torch.zeros_like(scores)
    for far in range(-T, T + 1):
        here = (scope.q_pos[:, :, None] - scope.k_pos[:, None, :] == far)[:, None]
        out = torch.where(here, scores - (w * far * far + b).abs(), out)
    return plain_softmax(out, seen(scope)) @ v


def limit_no_locality_is_dense():
    core, (q, k, v) = (
        Config(heads=H).core(K).double(),
        (drawn(B, H, T, K, seed=i) for i in range(3)),
    )
    torch.nn.init.constant_(core.w, -60.0)
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        same(core.attend(q, k, v, scope), dense(q, k, v, scope))
