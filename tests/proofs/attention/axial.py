"""Axial attention, pair by pair."""

import torch
from proving import B, H, K, T, drawn, own_scope, plain_softmax, same, seen

from regard.attention.axial import Config
from regard.attention.softmax import Config as Softmax

CONFIGS = [Config(heads=heads, block=block) for heads in (2, 3) for block in (1, 3, 5, 13)]
LONG = Config(heads=2)


def naive(core, q, k, v, scope):
    i, j = scope.q_pos[:, None, :, None], scope.k_pos[:, None, None, :]
    line, column = i // core.block == j // core.block, i % core.block == j % core.block
    heads = torch.arange(q.size(1))[:, None, None]
    see = seen(scope) & torch.where(heads < q.size(1) // 2, line, column)
    return plain_softmax(q @ k.transpose(-1, -2) / q.size(-1) ** 0.5, see) @ v


def limit_one_line_or_lines_of_one_are_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        want = Softmax(heads=H).core(K).attend(q, k, v, scope)
        same(Config(heads=H, block=T).core(K).attend(q, k, v, scope)[:, :1], want[:, :1])
        same(Config(heads=H, block=1).core(K).attend(q, k, v, scope)[:, 1:], want[:, 1:])
        lonely = Config(heads=H, block=T).core(K).attend(q, k, v, scope)[:, 1:]
        same(lonely, v[:, 1:], "a column of one")
