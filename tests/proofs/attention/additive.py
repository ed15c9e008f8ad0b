"""Additive attention, by loops over pairs."""

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.additive import Config

CONFIGS = [Config(), Config(heads=H)]


def naive(core, q, k, v, scope):
    rows = []
    for i in range(q.size(2)):
        pairs = [torch.tanh(q[:, :, i] + k[:, :, j]) for j in range(k.size(2))]
        rows.append(torch.stack([(pair * core.v).sum(-1) for pair in pairs], -1))  # B H S
    return plain_softmax(torch.stack(rows, 2), seen(scope)) @ v


def limit_a_network_that_says_nothing_takes_the_mean():
    core, (q, k, v) = Config(heads=H).core(K), (drawn(B, H, T, K, seed=i) for i in range(3))
    torch.nn.init.zeros_(core.v)
    scope, _pass = own_scope(None, False)
    same(core.attend(q, k, v, scope), v.mean(2, keepdim=True).expand_as(v))
