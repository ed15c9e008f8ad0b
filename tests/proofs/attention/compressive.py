"""Compressive attention, query by query."""

import torch
from proving import OK, B, H, K, T, dense, drawn, own_scope, same

from regard.attention.compressive import Config
from regard.attention.scope import Causal

CONFIGS = [
    Config(heads=H, segment=2, memory=1, stride=2),
    Config(heads=H, segment=3, memory=3, stride=2),
    Config(heads=H, segment=4, memory=0, stride=3),
]
LONG = Config(heads=1, segment=32, memory=32, stride=32)


def naive(core, q, k, v, scope):
    rows = []
    for b in range(B):
        slots = range(T) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        where = {int(scope.k_pos[b, s]): s for s in slots}  # position -> slot
        for h in range(H):
            for t in range(T):
                last = int(scope.q_pos[b, t])
                rows.append(one(core, q[b, h, t], k[b, h], v[b, h], h, where, last, scope))
    return torch.stack(rows).view_as(q)


def one(core, q, k, v, h, where, last, scope):
    c, pairs = core.config, []
    start = last // c.segment * c.segment
    end = last if Causal() in scope.rules else start + c.segment - 1
    for group in sorted({p // c.stride for p in where}):
        inside = [p for p in range(group * c.stride, (group + 1) * c.stride) if p in where]
        if (group + 1) * c.stride <= start - c.memory:
            made = []
            for conv, x in ((core.keys, k), (core.values, v)):
                mine = slice(h * K, (h + 1) * K)
                y = conv.bias[mine]
                for p in inside:
                    y = y + conv.weight[mine, :, p % c.stride] @ x[where[p]]
                made.append(y)
            pairs.append(made)
        else:
            pairs += [[k[where[p]], v[where[p]]] for p in inside if p <= end]
    if not pairs:
        return torch.zeros_like(q)
    keys, values = (torch.stack(x) for x in zip(*pairs, strict=True))
    return (keys @ q / K**0.5).softmax(0) @ values


def limit_a_long_memory_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, segment=2, memory=T, stride=2).core(K)
    for ok in OK.values():
        scope, _pass = own_scope(ok, True)
        same(core.attend(q, k, v, scope), dense(q, k, v, scope))


def limit_groups_of_one_that_change_nothing_are_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, segment=2, memory=0, stride=1).core(K)
    for conv in (core.keys, core.values):
        conv.weight.data[:], conv.bias.data[:] = torch.eye(K).repeat(H, 1)[..., None], 0
    scope, _pass = own_scope(OK["right"], True)
    same(core.attend(q, k, v, scope), dense(q, k, v, scope))
