"""Grouped-query attention, head by head; and x-transformers, which deals heads out in turn."""

import pytest
import torch
from proving import B, H, K, T, dense, drawn, own_scope, plain_softmax, same, seen, trip

from regard.attention.grouped_query import Config
from regard.attention.multi_query import Config as MultiQuery

CONFIGS = [Config(heads=4, groups=2), Config(heads=6, groups=3), Config(heads=H, groups=1)]


def naive(core, q, k, v, scope):
    heads, groups, see = q.size(1), k.size(1), seen(scope)[:, 0]
    answers = []
    for h in range(heads):
        g = h * groups // heads
        answers.append(plain_softmax(q[:, h] @ k[:, g].mT / q.size(-1) ** 0.5, see) @ v[:, g])
    return torch.stack(answers, 1)


def limit_a_group_a_head_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    for causal in (False, True):
        scope, _pass = own_scope(None, causal)
        same(Config(heads=H, groups=H).core(K).attend(q, k, v, scope), dense(q, k, v, scope))


def limit_one_group_is_multi_query():
    q, k, v = (drawn(B, n, T, K, seed=i) for i, n in enumerate((H, 1, 1)))
    scope, _pass = own_scope(None, True)
    got = Config(heads=H, groups=1).core(K).attend(q, k, v, scope)
    same(got, MultiQuery(heads=H).core(K).attend(q, k, v, scope))


def outside_x_transformers():
    theirs = pytest.importorskip("x_transformers.x_transformers").Attention
    dim, heads = 16, 4
    for groups in (1, 2, 4):
        ours = Config(heads=heads, groups=groups).build(dim)
        other = theirs(dim, heads=heads, dim_head=K, kv_heads=groups, causal=True).double()
        # head h asks group h % groups there, h // (heads / groups) here
        order = torch.arange(heads).view(-1, groups).T.flatten()
        places = (order[:, None] * K + torch.arange(K)).flatten()
        with torch.no_grad():
            for mine in (ours.q, ours.k, ours.v, ours.out):
                mine.bias.zero_()
            ours.q.weight.copy_(other.to_q.weight[places])
            ours.k.weight.copy_(other.to_k.weight)
            ours.v.weight.copy_(other.to_v.weight)
            ours.out.weight.copy_(other.to_out.weight[:, places])
        x = drawn(B, T, dim)
        got = ours(x, trip(None, causal=True))[0]
        same(got, other(x), f"{groups} groups", atol=1e-6)  # its softmax is in float32
