"""Sinkhorn attention, row by row: blocks, sorting and softmax."""

import torch
from proving import B, H, K, T, drawn, own_scope, same, shaken

from regard.attention.sinkhorn import Config
from regard.attention.softmax import Config as Softmax

CONFIGS = [Config(heads=H, block=block, length=16, rounds=3) for block in (1, 3, 5, 16)]
LONG = Config(heads=1, length=2048)


def doubly(scores, rounds):
    matrix = scores.exp()
    for _ in range(rounds):
        matrix = matrix / matrix.sum(0, keepdim=True)
        matrix = matrix / matrix.sum(1, keepdim=True)
    return matrix


def naive(core, q, k, v, scope):
    y, config, (first, _, last) = torch.zeros_like(q), core.config, core.net
    for b in range(B):
        ok = range(T) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        slots = list(ok)
        cut = [slots[a : a + config.block] for a in range(0, len(slots), config.block)]
        for h in range(q.size(1)):
            means = torch.stack([k[b, h, block].mean(0) for block in cut])
            hidden = (means @ first.weight.T + first.bias).clamp_min(0)
            scores = (hidden @ last.weight.T + last.bias)[:, : len(cut)]
            P = doubly(scores / config.temperature, config.rounds)
            for n, block in enumerate(cut):
                keys, values = [*k[b, h, block]], [*v[b, h, block]]
                for at in range(len(cut[0])):
                    have = [m for m in range(len(cut)) if at < len(cut[m])]
                    keys.append(sum(P[m, n] * k[b, h, cut[m][at]] for m in have))
                    values.append(sum(P[m, n] * v[b, h, cut[m][at]] for m in have))
                for i in block:
                    weights = (torch.stack(keys) @ q[b, h, i] / K**0.5).softmax(0)
                    y[b, h, i] = weights @ torch.stack(values)
    return y


def limit_one_block_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    ok = torch.arange(T) < torch.tensor([13, 9, 4])[:, None]
    scope, _pass = own_scope(ok, False)
    cores = shaken(Config(heads=H, block=T).core(K)), Softmax(heads=H).core(K)
    got, want = (core.attend(q, k, v, scope).transpose(1, 2)[ok] for core in cores)
    same(got, want)


def limit_rounds_make_rows_and_columns_sum_to_one():
    core = shaken(Config(heads=H, block=2, rounds=400).core(K))
    full = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    P = core.matrix(drawn(2, H, 7, K), full)
    for dim in (-1, -2):
        same(P.sum(dim), full[:, None].expand(-1, H, -1).to(P.dtype))


def limit_the_picture_shows_what_is_read():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    ok = torch.rand(B, T, generator=torch.Generator().manual_seed(5)) < 0.7
    scope, _pass = own_scope(ok, False)
    core = shaken(Config(heads=H, block=3).core(K))
    v = v.masked_fill(~ok[:, None, :, None], 0.0)
    same(core.weights(q, k, scope) @ v, core.attend(q, k, v, scope))
