"""Linformer, position by position."""

import pytest
import torch
from proving import B, D, H, K, T, dense, drawn, own_scope, same, trip

from regard.attention.linformer import Config
from regard.recipe import UserError

CONFIGS = [Config(heads=H, rank=rank, length=length) for rank, length in ((1, 13), (4, 30))]
LONG = Config(heads=1, length=2048)


def naive(core, q, k, v, scope):
    rows = []
    for b in range(q.size(0)):
        real = range(k.size(2)) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        for h in range(q.size(1)):
            keys, values = torch.zeros(2, len(core.keys), K)
            for s in real:
                p = int(scope.k_pos[b, s])
                keys = keys + core.keys[:, p, None] * k[b, h, s]
                values = values + core.values[:, p, None] * v[b, h, s]
            rows.append((q[b, h] @ keys.T / K**0.5).softmax(-1) @ values)
    return torch.stack(rows).view_as(q)


def limit_a_rank_of_the_whole_length_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, rank=T, length=T).core(K)
    for weight in (core.keys, core.values):
        weight.data[:] = torch.eye(T)
    scope, _pass = own_scope(None, False)
    same(core(q, k, v, scope, None)[0], dense(q, k, v, scope))


def limit_of_its_length_is_told():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    scope, _pass = own_scope(None, False)
    with pytest.raises(UserError, match="13 positions"):
        Config(heads=H, length=12).core(K)(q, k, v, scope, None)


def outside_linformer():
    theirs = pytest.importorskip("linformer").LinformerSelfAttention(D, 20, k=5, heads=H)
    ours = Config(heads=H, rank=5, length=20).build(D)
    with torch.no_grad():
        for mine, other in ((ours.q, theirs.to_q), (ours.k, theirs.to_k), (ours.v, theirs.to_v)):
            mine.weight.copy_(other.weight)
            mine.bias.zero_()
        ours.out.load_state_dict(theirs.to_out.state_dict())
        ours.core.keys.copy_(theirs.proj_k.T)
        ours.core.values.copy_(theirs.proj_v.T)
    x = drawn(B, T, D)
    same(ours(x, trip(None, False))[0], theirs(x))
