"""Memory-compressed attention, group by group."""

import torch
from proving import OK, B, H, K, T, dense, drawn, own_scope, same, seen

from regard.attention.compressed import Config
from regard.attention.scope import Causal

CONFIGS = [Config(heads=H, stride=stride) for stride in (2, 3, 20)]


def naive(core, q, k, v, scope):
    rows = []
    for b in range(q.size(0)):
        slots = range(k.size(2)) if scope.k_ok is None else scope.k_ok[b].nonzero()[:, 0].tolist()
        where = {int(scope.k_pos[b, s]): s for s in slots}  # position -> slot
        for h in range(q.size(1)):
            for t in range(q.size(2)):
                rows.append(one(core, q[b, h, t], k[b, h], v[b, h], h, where, at(scope, b, t)))
    return torch.stack(rows).view_as(q)


def at(scope, b, t):
    """The position up to which a query sees, or None: everything."""
    return int(scope.q_pos[b, t]) if Causal() in scope.rules else None


def one(core, q, k, v, h, where, last):
    """One query (K) over keys k (S K) that stand `where`."""
    stride, pairs = core.stride, []
    for group in sorted({p // stride for p in where}):
        inside = [p for p in range(group * stride, (group + 1) * stride) if p in where]
        if last is None or group < last // stride:
            pairs.append([short(conv, x, h, inside, where, stride)
                          for conv, x in ((core.keys, k), (core.values, v))])  # fmt: skip
        elif group == last // stride:
            pairs += [[k[where[p]], v[where[p]]] for p in inside if p <= last]
    if not pairs:
        return torch.zeros_like(q)
    keys, values = (torch.stack(x) for x in zip(*pairs, strict=True))
    return (keys @ q / K**0.5).softmax(0) @ values


def short(conv, x, h, inside, where, stride):
    """Head h of the convolution over the positions `inside` a group."""
    mine = slice(h * K, (h + 1) * K)
    y = conv.bias[mine]
    for p in inside:
        y = y + conv.weight[mine, :, p % stride] @ x[where[p]]
    return y


def limit_a_stride_of_1_is_dense():
    q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
    core = Config(heads=H, stride=1).core(K)
    for conv in (core.keys, core.values):
        conv.weight.data[:], conv.bias.data[:] = torch.eye(K).repeat(H, 1)[..., None], 0
    for causal in (False, True):
        for label, ok in OK.items():
            scope, _pass = own_scope(ok, causal)
            real = seen(scope).any(2)[..., None]
            got = core(q, k, v, scope, None)[0]
            same(got * real, dense(q, k, v, scope) * real, label)
