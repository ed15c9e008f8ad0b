"""Star attention, token by token of each row."""

import torch
from proving import B, H, K, drawn, same, shaken, trip

from regard.attention.scope import scope_of
from regard.attention.star import Config

CONFIGS = [Config(heads=H)]


def naive(core, q, k, v, scope):
    y, scale = torch.zeros_like(q), q.size(-1) ** -0.5
    for b in range(B):
        ok = range(q.size(2)) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        row = list(ok)  # slots of the real ones, in order
        for h in range(q.size(1)):
            a = torch.stack([core.relay[h, 0] @ k[b, h, j] * scale for j in row]).softmax(0)
            k_s, v_s = a @ k[b, h, row], a @ v[b, h, row]
            for n, i in enumerate(row):
                near = sorted({row[n - 1], i, row[(n + 1) % len(row)]})
                keys = torch.cat([k[b, h, near], k_s[None]])
                values = torch.cat([v[b, h, near], v_s[None]])
                y[b, h, i] = (keys @ q[b, h, i] * scale).softmax(0) @ values
    return y


def limit_a_short_row_is_dense_with_the_relay_as_one_more_key():
    core = shaken(Config(heads=H).core(K))
    for n in (1, 2, 3):
        q, k, v = (drawn(B, H, n, K, seed=i) for i in range(3))
        share = (core.relay @ k.transpose(-1, -2) / K**0.5).softmax(-1)
        keys, values = (torch.cat([x, share @ x], 2) for x in (k, v))
        want = (q @ keys.transpose(-1, -2) / K**0.5).softmax(-1) @ values
        pass_ = trip(None, False, length=n)
        same(core.attend(q, k, v, scope_of(pass_)), want, f"{n} tokens")
        same(core.weights(q, k, scope_of(pass_)) @ v, want, f"{n} tokens, pictured")
